-- Clocks as a projection beside the tickets, and the indexes of the queues.

CREATE TABLE ticket_clocks (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "name" TEXT NOT NULL,
    "policy" TEXT,
    "started_at" INTEGER NOT NULL,
    "due_at" INTEGER,
    "stopped_at" INTEGER,
    "counted_until" INTEGER,
    PRIMARY KEY ("ticket_id", "name")
) WITHOUT ROWID;
-- Clocks that count now, by their deadline.
CREATE INDEX ticket_clocks_running_by_name_due_at ON ticket_clocks ("name", "due_at", "ticket_id") WHERE counted_until IS NULL;

-- How far a projection of tickets is written, and for which configuration or version.
CREATE TABLE projection_states (
    "name" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "position" BLOB,
    "done_at" INTEGER,
    PRIMARY KEY ("name")
);

-- Queues and lists. The words of the open states stand here as they stand in the query, which is how SQLite knows
-- that the index serves it.
CREATE INDEX tickets_open_by_unit_state ON tickets ("unit", "state", "user_id", "due_at", "opened_at")
    WHERE state IN ('new', 'assigned', 'in_charge', 'waiting_citizen', 'waiting_third_party');
CREATE INDEX tickets_open_by_id ON tickets ("id")
    WHERE state IN ('new', 'assigned', 'in_charge', 'waiting_citizen', 'waiting_third_party');
CREATE INDEX tickets_by_due_or_never_id ON tickets (coalesce(due_at, 253402300799999999), "id");
CREATE INDEX tickets_by_user_id_opened_at_id ON tickets ("user_id", "opened_at", "id");
