-- Custom fields of tickets beside the chain, mentions in notes, and whose turn it is in a unit.

CREATE TABLE ticket_fields (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "data" BLOB,
    "salt" BLOB,
    PRIMARY KEY ("ticket_id")
);

CREATE TABLE mentions (
    "id" BLOB NOT NULL,
    "message_id" BLOB NOT NULL REFERENCES messages (id),
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "user_id" BLOB NOT NULL REFERENCES users (id),
    "at" INTEGER NOT NULL,
    "read_at" INTEGER,
    PRIMARY KEY ("id")
);
CREATE INDEX mentions_by_user_id_at_id ON mentions ("user_id", "at", "id");
CREATE INDEX mentions_by_message_id ON mentions ("message_id");
CREATE INDEX mentions_by_ticket_id ON mentions ("ticket_id");

CREATE TABLE unit_turns (
    "unit" TEXT NOT NULL,
    "user_id" BLOB REFERENCES users (id),
    PRIMARY KEY ("unit")
);
CREATE INDEX unit_turns_by_user_id ON unit_turns ("user_id");

CREATE INDEX users_by_unit ON users ("unit");
CREATE INDEX tickets_by_user_id_state ON tickets ("user_id", "state");
