-- What was handed to the document-protocol system, and the register entry it gave back.

CREATE TABLE ticket_protocols (
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "state" text NOT NULL,
    "subject_sha256" text,
    "requested_at" timestamptz NOT NULL,
    "handed_over_at" timestamptz,
    "last_error" text,
    "entry" jsonb,
    "answered_at" timestamptz,
    PRIMARY KEY ("ticket_id")
);
CREATE INDEX ticket_protocols_by_state_requested_at_ticket_id ON ticket_protocols ("state", "requested_at", "ticket_id");
