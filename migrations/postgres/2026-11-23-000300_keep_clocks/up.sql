-- Clocks as a projection beside the tickets, and the indexes of the queues.

CREATE TABLE ticket_clocks (
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "name" text NOT NULL,
    "policy" text,
    "started_at" timestamptz NOT NULL,
    "due_at" timestamptz,
    "stopped_at" timestamptz,
    "counted_until" timestamptz,
    PRIMARY KEY ("ticket_id", "name")
);
-- Clocks that count now, by their deadline.
CREATE INDEX ticket_clocks_running_by_name_due_at ON ticket_clocks ("name", "due_at", "ticket_id") WHERE counted_until IS NULL;

-- How far a projection of tickets is written, and for which configuration or version.
CREATE TABLE projection_states (
    "name" text NOT NULL,
    "fingerprint" text NOT NULL,
    "position" uuid,
    "done_at" timestamptz,
    PRIMARY KEY ("name")
);

-- Queues and lists.
CREATE INDEX tickets_open_by_unit_state ON tickets ("unit", "state", "user_id", "due_at", "opened_at")
    WHERE state IN ('new', 'assigned', 'in_charge', 'waiting_citizen', 'waiting_third_party');
CREATE INDEX tickets_open_by_id ON tickets ("id")
    WHERE state IN ('new', 'assigned', 'in_charge', 'waiting_citizen', 'waiting_third_party');
CREATE INDEX tickets_by_due_or_never_id ON tickets (coalesce(due_at, '9999-12-31 23:59:59.999999+00'::timestamptz), "id");
CREATE INDEX tickets_by_user_id_opened_at_id ON tickets ("user_id", "opened_at", "id");
