-- What was handed to the document-protocol system, and the register entry it gave back.

CREATE TABLE ticket_protocols (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "state" TEXT NOT NULL,
    "subject_sha256" TEXT,
    "requested_at" INTEGER NOT NULL,
    "handed_over_at" INTEGER,
    "last_error" TEXT,
    "entry" BLOB,
    "answered_at" INTEGER,
    PRIMARY KEY ("ticket_id")
);
CREATE INDEX ticket_protocols_by_state_requested_at_ticket_id ON ticket_protocols ("state", "requested_at", "ticket_id");
