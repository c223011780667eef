-- Promised call-backs. Their steps are the log, which nothing changes; the row beside is folded from it.

CREATE TABLE callbacks (
    "id" BLOB NOT NULL,
    "ticket_id" BLOB REFERENCES tickets (id),
    "call_id" BLOB REFERENCES interactions (id),
    "person_id" BLOB REFERENCES persons (id),
    "phone" TEXT,
    "theme" TEXT,
    "note" TEXT,
    "unit" TEXT,
    "window_from" INTEGER NOT NULL,
    "window_to" INTEGER NOT NULL,
    "outcome" TEXT NOT NULL,
    "booked_at" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX callbacks_by_window_to ON callbacks ("window_to", "id");
CREATE INDEX callbacks_by_outcome ON callbacks ("outcome", "window_to", "id");
CREATE INDEX callbacks_by_unit ON callbacks ("unit", "window_to", "id");
CREATE INDEX callbacks_by_unit_outcome ON callbacks ("unit", "outcome", "window_to", "id");
CREATE INDEX callbacks_by_ticket_id ON callbacks ("ticket_id", "window_to", "id");
CREATE INDEX callbacks_by_person_id ON callbacks ("person_id", "window_to", "id");
CREATE INDEX callbacks_by_call_id ON callbacks ("call_id");

CREATE TABLE callback_steps (
    "callback_id" BLOB NOT NULL REFERENCES callbacks (id),
    "seq" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    "actor" BLOB NOT NULL,
    "step" BLOB NOT NULL,
    PRIMARY KEY ("callback_id", "seq")
);

CREATE TRIGGER callback_steps_no_update BEFORE UPDATE ON callback_steps BEGIN SELECT RAISE(ABORT, 'table callback_steps is append-only'); END;
CREATE TRIGGER callback_steps_no_delete BEFORE DELETE ON callback_steps BEGIN SELECT RAISE(ABORT, 'table callback_steps is append-only'); END;
