-- The whole schema of the first version. Instants are microseconds since 1970 in UTC; ids UUIDv7.

CREATE TABLE raw_inputs (
    "id" BLOB NOT NULL,
    "source" TEXT NOT NULL,
    "received_at" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "bytes" BLOB NOT NULL,
    PRIMARY KEY ("id")
);

CREATE TABLE intake_keys (
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "interaction_id" BLOB,
    "quarantine_id" BLOB,
    "occurred_at" INTEGER NOT NULL,
    PRIMARY KEY ("scope", "key")
) WITHOUT ROWID;
CREATE INDEX intake_keys_by_interaction_id ON intake_keys ("interaction_id");

CREATE TABLE quarantine (
    "id" BLOB NOT NULL,
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "raw" BLOB NOT NULL,
    "context" BLOB NOT NULL,
    "state" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "decided_at" INTEGER,
    "note" TEXT,
    PRIMARY KEY ("id")
);
CREATE INDEX quarantine_by_state_created_at_id ON quarantine ("state", "created_at", "id");
CREATE INDEX quarantine_by_source_state ON quarantine ("source", "state");

CREATE TABLE persons (
    "id" BLOB NOT NULL,
    "name" TEXT,
    "merged_into" BLOB REFERENCES persons (id),
    "created_at" INTEGER NOT NULL,
    "anonymised_at" INTEGER,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX persons_by_merged_into ON persons ("merged_into");
CREATE INDEX persons_by_name ON persons ("name");
CREATE INDEX persons_by_created_at_id ON persons ("created_at", "id");

CREATE TABLE identities (
    "id" BLOB NOT NULL,
    "person_id" BLOB NOT NULL REFERENCES persons (id),
    "identity_type" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "verified" BOOLEAN NOT NULL,
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("identity_type", "value")
);
CREATE INDEX identities_by_person_id_created_at ON identities ("person_id", "created_at");

CREATE TABLE person_merges (
    "id" BLOB NOT NULL,
    "from_id" BLOB NOT NULL REFERENCES persons (id),
    "into_id" BLOB NOT NULL REFERENCES persons (id),
    "at" INTEGER NOT NULL,
    "actor" BLOB NOT NULL,
    "undone_at" INTEGER,
    PRIMARY KEY ("id")
);
CREATE INDEX person_merges_by_from_id ON person_merges ("from_id");
CREATE INDEX person_merges_by_into_id ON person_merges ("into_id");

CREATE TABLE person_suggestions (
    "id" BLOB NOT NULL,
    "person_id" BLOB NOT NULL REFERENCES persons (id),
    "other_id" BLOB NOT NULL REFERENCES persons (id),
    "reason" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("person_id", "other_id")
);
CREATE INDEX person_suggestions_by_other_id ON person_suggestions ("other_id");

CREATE TABLE matters (
    "id" BLOB NOT NULL,
    "title" TEXT NOT NULL,
    "person_id" BLOB REFERENCES persons (id),
    "created_at" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX matters_by_person_id ON matters ("person_id");

CREATE TABLE tickets (
    "id" BLOB NOT NULL,
    "number" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "theme" TEXT,
    "kind" TEXT NOT NULL,
    "priority" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "unit" TEXT,
    "user_id" BLOB,
    "state" TEXT NOT NULL,
    "outcome" TEXT,
    "subject" TEXT,
    "subject_salt" BLOB,
    "person_id" BLOB REFERENCES persons (id),
    "opened_at" INTEGER NOT NULL,
    "charged_at" INTEGER,
    "first_response_at" INTEGER,
    "first_resolved_at" INTEGER,
    "final_resolved_at" INTEGER,
    "closed_at" INTEGER,
    "reopened" INTEGER NOT NULL,
    "escalated_at" INTEGER,
    "matter_id" BLOB REFERENCES matters (id),
    "tags" BLOB NOT NULL,
    "policy" TEXT,
    "due_at" INTEGER,
    "updated_at" INTEGER NOT NULL,
    "seq" INTEGER NOT NULL,
    "location" BLOB,
    "municipio" INTEGER,
    "follows_id" BLOB REFERENCES tickets (id),
    PRIMARY KEY ("id"),
    UNIQUE ("number")
);
CREATE INDEX tickets_by_opened_at_id ON tickets ("opened_at", "id");
CREATE INDEX tickets_by_updated_at_id ON tickets ("updated_at", "id");
CREATE INDEX tickets_by_state_opened_at_id ON tickets ("state", "opened_at", "id");
CREATE INDEX tickets_by_unit_state_opened_at_id ON tickets ("unit", "state", "opened_at", "id");
CREATE INDEX tickets_by_person_id_opened_at ON tickets ("person_id", "opened_at");
CREATE INDEX tickets_by_matter_id ON tickets ("matter_id");
CREATE INDEX tickets_by_follows_id ON tickets ("follows_id");
CREATE INDEX tickets_by_due_at_id ON tickets ("due_at", "id");

CREATE TABLE ticket_tags (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "tag" TEXT NOT NULL,
    PRIMARY KEY ("ticket_id", "tag")
) WITHOUT ROWID;
CREATE INDEX ticket_tags_by_tag_ticket_id ON ticket_tags ("tag", "ticket_id");

CREATE TABLE events (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "seq" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "at" INTEGER NOT NULL,
    "recorded_at" INTEGER NOT NULL,
    "actor" BLOB NOT NULL,
    "data" BLOB NOT NULL,
    "prev_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    PRIMARY KEY ("ticket_id", "seq")
) WITHOUT ROWID;

CREATE TABLE interactions (
    "id" BLOB NOT NULL,
    "source" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "direction" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "occurred_at" INTEGER NOT NULL,
    "recorded_at" INTEGER NOT NULL,
    "local_day" TEXT NOT NULL,
    "person_id" BLOB REFERENCES persons (id),
    "ticket_id" BLOB REFERENCES tickets (id),
    "linked_at" INTEGER,
    "thread" TEXT,
    "not_actionable" TEXT,
    "name" TEXT,
    "subject" TEXT,
    "body" TEXT NOT NULL,
    "raw_id" BLOB REFERENCES raw_inputs (id),
    "detail" BLOB NOT NULL,
    "flags" BLOB NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX interactions_by_occurred_at_id ON interactions ("occurred_at", "id");
CREATE INDEX interactions_by_recorded_at ON interactions ("recorded_at");
CREATE INDEX interactions_by_ticket_id_occurred_at ON interactions ("ticket_id", "occurred_at");
CREATE INDEX interactions_by_person_id_occurred_at ON interactions ("person_id", "occurred_at");
CREATE INDEX interactions_by_source_thread_occurred_at ON interactions ("source", "thread", "occurred_at");
CREATE INDEX interactions_by_raw_id ON interactions ("raw_id");

CREATE TABLE calls (
    "interaction_id" BLOB NOT NULL REFERENCES interactions (id),
    "source" TEXT NOT NULL,
    "call_id" TEXT NOT NULL,
    "entered_at" INTEGER NOT NULL,
    "caller" TEXT,
    "outcome" TEXT NOT NULL,
    "wait_s" INTEGER,
    "talk_s" INTEGER,
    "answered_at" INTEGER,
    "ended_at" INTEGER,
    "transferred_to" TEXT,
    PRIMARY KEY ("interaction_id")
);
CREATE INDEX calls_by_source_call_id_entered_at ON calls ("source", "call_id", "entered_at");
CREATE INDEX calls_by_entered_at_interaction_id ON calls ("entered_at", "interaction_id");

CREATE TABLE legs (
    "id" BLOB NOT NULL,
    "interaction_id" BLOB NOT NULL REFERENCES calls (interaction_id),
    "source" TEXT NOT NULL,
    "call_id" TEXT NOT NULL,
    "queue" TEXT NOT NULL,
    "entered_at" INTEGER NOT NULL,
    "origin" TEXT NOT NULL,
    "caller" TEXT,
    "answered_at" INTEGER,
    "ended_at" INTEGER,
    "wait_s" INTEGER,
    "talk_s" INTEGER,
    "outcome" TEXT NOT NULL,
    "transferred_to" TEXT,
    "agent" TEXT,
    "lost_at" INTEGER,
    "flags" BLOB NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("source", "call_id", "queue", "entered_at")
);
CREATE INDEX legs_by_interaction_id ON legs ("interaction_id");
CREATE INDEX legs_by_source_entered_at ON legs ("source", "entered_at");

CREATE TABLE messages (
    "id" BLOB NOT NULL,
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "kind" TEXT NOT NULL,
    "body" TEXT,
    "salt" BLOB,
    "author_id" BLOB,
    "at" INTEGER NOT NULL,
    "channel" TEXT,
    "recipients" BLOB NOT NULL,
    "external_id" TEXT,
    "delivery" TEXT,
    "delivery_detail" BLOB NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX messages_by_ticket_id_at ON messages ("ticket_id", "at");
CREATE INDEX messages_by_external_id ON messages ("external_id");

CREATE TABLE attachments (
    "id" BLOB NOT NULL,
    "interaction_id" BLOB REFERENCES interactions (id),
    "name" TEXT NOT NULL,
    "media_type" TEXT NOT NULL,
    "size_bytes" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "inline" BOOLEAN NOT NULL,
    "bytes" BLOB NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX attachments_by_interaction_id ON attachments ("interaction_id");

CREATE TABLE request_codes (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "code_hash" TEXT NOT NULL,
    PRIMARY KEY ("ticket_id")
);

CREATE TABLE jobs (
    "id" BLOB NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" BLOB NOT NULL,
    "state" TEXT NOT NULL,
    "run_at" INTEGER NOT NULL,
    "attempts" INTEGER NOT NULL,
    "locked_until" INTEGER,
    "last_error" TEXT,
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX jobs_by_state_run_at_id ON jobs ("state", "run_at", "id");

CREATE TABLE users (
    "id" BLOB NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "unit" TEXT,
    "password_hash" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    "disabled_at" INTEGER,
    PRIMARY KEY ("id"),
    UNIQUE ("name")
);

CREATE TABLE refresh_tokens (
    "id" BLOB NOT NULL,
    "user_id" BLOB NOT NULL REFERENCES users (id),
    "family_id" BLOB NOT NULL,
    "token_hash" TEXT NOT NULL,
    "expires_at" INTEGER NOT NULL,
    "used_at" INTEGER,
    "revoked_at" INTEGER,
    PRIMARY KEY ("id"),
    UNIQUE ("token_hash")
);
CREATE INDEX refresh_tokens_by_family_id ON refresh_tokens ("family_id");
CREATE INDEX refresh_tokens_by_user_id ON refresh_tokens ("user_id");

CREATE TABLE api_keys (
    "id" BLOB NOT NULL,
    "name" TEXT NOT NULL,
    "key_hash" TEXT NOT NULL,
    "scopes" BLOB NOT NULL,
    "created_at" INTEGER NOT NULL,
    "revoked_at" INTEGER,
    PRIMARY KEY ("id"),
    UNIQUE ("name"),
    UNIQUE ("key_hash")
);

CREATE TABLE idempotency_keys (
    "principal" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "status" INTEGER,
    "headers" BLOB NOT NULL,
    "body" BLOB,
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("principal", "key")
);
CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys ("created_at");

CREATE TABLE report_revisions (
    "month" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "as_of" INTEGER NOT NULL,
    "recorded_until" INTEGER NOT NULL,
    "published_at" INTEGER NOT NULL,
    "reason" TEXT,
    "report" TEXT NOT NULL,
    PRIMARY KEY ("month", "revision")
);

CREATE TABLE audit_log (
    "seq" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    "actor" BLOB NOT NULL,
    "action" TEXT NOT NULL,
    "data" BLOB NOT NULL,
    "prev_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    PRIMARY KEY ("seq")
);

CREATE TABLE counters (
    "name" TEXT NOT NULL,
    "value" INTEGER NOT NULL,
    PRIMARY KEY ("name")
);

-- Facts are append-only: whoever must anonymise deletes the text beside the chain, never the event.
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'table events is append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'table events is append-only'); END;
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'table audit_log is append-only'); END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'table audit_log is append-only'); END;
