-- The whole schema of the first version. Instants are timestamptz; ids UUIDv7.

CREATE TABLE raw_inputs (
    "id" uuid NOT NULL,
    "source" text NOT NULL,
    "received_at" timestamptz NOT NULL,
    "sha256" text NOT NULL,
    "bytes" bytea NOT NULL,
    PRIMARY KEY ("id")
);

CREATE TABLE intake_keys (
    "scope" text NOT NULL,
    "key" text NOT NULL,
    "interaction_id" uuid,
    "quarantine_id" uuid,
    "occurred_at" timestamptz NOT NULL,
    PRIMARY KEY ("scope", "key")
);
CREATE INDEX intake_keys_by_interaction_id ON intake_keys ("interaction_id");

CREATE TABLE quarantine (
    "id" uuid NOT NULL,
    "scope" text NOT NULL,
    "key" text NOT NULL,
    "source" text NOT NULL,
    "format" text NOT NULL,
    "reason" text NOT NULL,
    "detail" text NOT NULL,
    "raw" bytea NOT NULL,
    "context" jsonb NOT NULL,
    "state" text NOT NULL,
    "created_at" timestamptz NOT NULL,
    "decided_at" timestamptz,
    "note" text,
    PRIMARY KEY ("id")
);
CREATE INDEX quarantine_by_state_created_at_id ON quarantine ("state", "created_at", "id");
CREATE INDEX quarantine_by_source_state ON quarantine ("source", "state");

CREATE TABLE persons (
    "id" uuid NOT NULL,
    "name" text,
    "merged_into" uuid REFERENCES persons (id),
    "created_at" timestamptz NOT NULL,
    "anonymised_at" timestamptz,
    "version" integer NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX persons_by_merged_into ON persons ("merged_into");
CREATE INDEX persons_by_name ON persons ("name");
CREATE INDEX persons_by_created_at_id ON persons ("created_at", "id");

CREATE TABLE identities (
    "id" uuid NOT NULL,
    "person_id" uuid NOT NULL REFERENCES persons (id),
    "identity_type" text NOT NULL,
    "value" text NOT NULL,
    "verified" boolean NOT NULL,
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("identity_type", "value")
);
CREATE INDEX identities_by_person_id_created_at ON identities ("person_id", "created_at");

CREATE TABLE person_merges (
    "id" uuid NOT NULL,
    "from_id" uuid NOT NULL REFERENCES persons (id),
    "into_id" uuid NOT NULL REFERENCES persons (id),
    "at" timestamptz NOT NULL,
    "actor" jsonb NOT NULL,
    "undone_at" timestamptz,
    PRIMARY KEY ("id")
);
CREATE INDEX person_merges_by_from_id ON person_merges ("from_id");
CREATE INDEX person_merges_by_into_id ON person_merges ("into_id");

CREATE TABLE person_suggestions (
    "id" uuid NOT NULL,
    "person_id" uuid NOT NULL REFERENCES persons (id),
    "other_id" uuid NOT NULL REFERENCES persons (id),
    "reason" text NOT NULL,
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("person_id", "other_id")
);
CREATE INDEX person_suggestions_by_other_id ON person_suggestions ("other_id");

CREATE TABLE matters (
    "id" uuid NOT NULL,
    "title" text NOT NULL,
    "person_id" uuid REFERENCES persons (id),
    "created_at" timestamptz NOT NULL,
    "version" integer NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX matters_by_person_id ON matters ("person_id");

CREATE TABLE tickets (
    "id" uuid NOT NULL,
    "number" text NOT NULL,
    "channel" text NOT NULL,
    "source" text NOT NULL,
    "theme" text,
    "kind" text NOT NULL,
    "priority" text NOT NULL,
    "level" text NOT NULL,
    "unit" text,
    "user_id" uuid,
    "state" text NOT NULL,
    "outcome" text,
    "subject" text,
    "subject_salt" bytea,
    "person_id" uuid REFERENCES persons (id),
    "opened_at" timestamptz NOT NULL,
    "charged_at" timestamptz,
    "first_response_at" timestamptz,
    "first_resolved_at" timestamptz,
    "final_resolved_at" timestamptz,
    "closed_at" timestamptz,
    "reopened" integer NOT NULL,
    "escalated_at" timestamptz,
    "matter_id" uuid REFERENCES matters (id),
    "tags" jsonb NOT NULL,
    "policy" text,
    "due_at" timestamptz,
    "updated_at" timestamptz NOT NULL,
    "seq" integer NOT NULL,
    "location" jsonb,
    "municipio" integer,
    "follows_id" uuid REFERENCES tickets (id),
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
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "tag" text NOT NULL,
    PRIMARY KEY ("ticket_id", "tag")
);
CREATE INDEX ticket_tags_by_tag_ticket_id ON ticket_tags ("tag", "ticket_id");

CREATE TABLE events (
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "seq" integer NOT NULL,
    "kind" text NOT NULL,
    "at" timestamptz NOT NULL,
    "recorded_at" timestamptz NOT NULL,
    "actor" jsonb NOT NULL,
    "data" jsonb NOT NULL,
    "prev_hash" text NOT NULL,
    "hash" text NOT NULL,
    PRIMARY KEY ("ticket_id", "seq")
);

CREATE TABLE interactions (
    "id" uuid NOT NULL,
    "source" text NOT NULL,
    "channel" text NOT NULL,
    "kind" text NOT NULL,
    "direction" text NOT NULL,
    "external_id" text NOT NULL,
    "occurred_at" timestamptz NOT NULL,
    "recorded_at" timestamptz NOT NULL,
    "local_day" text NOT NULL,
    "person_id" uuid REFERENCES persons (id),
    "ticket_id" uuid REFERENCES tickets (id),
    "linked_at" timestamptz,
    "thread" text,
    "not_actionable" text,
    "name" text,
    "subject" text,
    "body" text NOT NULL,
    "raw_id" uuid REFERENCES raw_inputs (id),
    "detail" jsonb NOT NULL,
    "flags" jsonb NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX interactions_by_occurred_at_id ON interactions ("occurred_at", "id");
CREATE INDEX interactions_by_recorded_at ON interactions ("recorded_at");
CREATE INDEX interactions_by_ticket_id_occurred_at ON interactions ("ticket_id", "occurred_at");
CREATE INDEX interactions_by_person_id_occurred_at ON interactions ("person_id", "occurred_at");
CREATE INDEX interactions_by_source_thread_occurred_at ON interactions ("source", "thread", "occurred_at");
CREATE INDEX interactions_by_raw_id ON interactions ("raw_id");

CREATE TABLE calls (
    "interaction_id" uuid NOT NULL REFERENCES interactions (id),
    "source" text NOT NULL,
    "call_id" text NOT NULL,
    "entered_at" timestamptz NOT NULL,
    "caller" text,
    "outcome" text NOT NULL,
    "wait_s" bigint,
    "talk_s" bigint,
    "answered_at" timestamptz,
    "ended_at" timestamptz,
    "transferred_to" text,
    PRIMARY KEY ("interaction_id")
);
CREATE INDEX calls_by_source_call_id_entered_at ON calls ("source", "call_id", "entered_at");
CREATE INDEX calls_by_entered_at_interaction_id ON calls ("entered_at", "interaction_id");

CREATE TABLE legs (
    "id" uuid NOT NULL,
    "interaction_id" uuid NOT NULL REFERENCES calls (interaction_id),
    "source" text NOT NULL,
    "call_id" text NOT NULL,
    "queue" text NOT NULL,
    "entered_at" timestamptz NOT NULL,
    "origin" text NOT NULL,
    "caller" text,
    "answered_at" timestamptz,
    "ended_at" timestamptz,
    "wait_s" bigint,
    "talk_s" bigint,
    "outcome" text NOT NULL,
    "transferred_to" text,
    "agent" text,
    "lost_at" timestamptz,
    "flags" jsonb NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("source", "call_id", "queue", "entered_at")
);
CREATE INDEX legs_by_interaction_id ON legs ("interaction_id");
CREATE INDEX legs_by_source_entered_at ON legs ("source", "entered_at");

CREATE TABLE messages (
    "id" uuid NOT NULL,
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "kind" text NOT NULL,
    "body" text,
    "salt" bytea,
    "author_id" uuid,
    "at" timestamptz NOT NULL,
    "channel" text,
    "recipients" jsonb NOT NULL,
    "external_id" text,
    "delivery" text,
    "delivery_detail" jsonb NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX messages_by_ticket_id_at ON messages ("ticket_id", "at");
CREATE INDEX messages_by_external_id ON messages ("external_id");

CREATE TABLE attachments (
    "id" uuid NOT NULL,
    "interaction_id" uuid REFERENCES interactions (id),
    "name" text NOT NULL,
    "media_type" text NOT NULL,
    "size_bytes" bigint NOT NULL,
    "sha256" text NOT NULL,
    "inline" boolean NOT NULL,
    "bytes" bytea NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX attachments_by_interaction_id ON attachments ("interaction_id");

CREATE TABLE request_codes (
    "ticket_id" uuid NOT NULL REFERENCES tickets (id),
    "code_hash" text NOT NULL,
    PRIMARY KEY ("ticket_id")
);

CREATE TABLE jobs (
    "id" uuid NOT NULL,
    "kind" text NOT NULL,
    "payload" jsonb NOT NULL,
    "state" text NOT NULL,
    "run_at" timestamptz NOT NULL,
    "attempts" integer NOT NULL,
    "locked_until" timestamptz,
    "last_error" text,
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX jobs_by_state_run_at_id ON jobs ("state", "run_at", "id");

CREATE TABLE users (
    "id" uuid NOT NULL,
    "name" text NOT NULL,
    "role" text NOT NULL,
    "unit" text,
    "password_hash" text NOT NULL,
    "created_at" timestamptz NOT NULL,
    "disabled_at" timestamptz,
    PRIMARY KEY ("id"),
    UNIQUE ("name")
);

CREATE TABLE refresh_tokens (
    "id" uuid NOT NULL,
    "user_id" uuid NOT NULL REFERENCES users (id),
    "family_id" uuid NOT NULL,
    "token_hash" text NOT NULL,
    "expires_at" timestamptz NOT NULL,
    "used_at" timestamptz,
    "revoked_at" timestamptz,
    PRIMARY KEY ("id"),
    UNIQUE ("token_hash")
);
CREATE INDEX refresh_tokens_by_family_id ON refresh_tokens ("family_id");
CREATE INDEX refresh_tokens_by_user_id ON refresh_tokens ("user_id");

CREATE TABLE api_keys (
    "id" uuid NOT NULL,
    "name" text NOT NULL,
    "key_hash" text NOT NULL,
    "scopes" jsonb NOT NULL,
    "created_at" timestamptz NOT NULL,
    "revoked_at" timestamptz,
    PRIMARY KEY ("id"),
    UNIQUE ("name"),
    UNIQUE ("key_hash")
);

CREATE TABLE idempotency_keys (
    "principal" text NOT NULL,
    "key" text NOT NULL,
    "request_hash" text NOT NULL,
    "status" integer,
    "headers" jsonb NOT NULL,
    "body" bytea,
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("principal", "key")
);
CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys ("created_at");

CREATE TABLE report_revisions (
    "month" text NOT NULL,
    "revision" integer NOT NULL,
    "as_of" timestamptz NOT NULL,
    "recorded_until" timestamptz NOT NULL,
    "published_at" timestamptz NOT NULL,
    "reason" text,
    "report" text NOT NULL,
    PRIMARY KEY ("month", "revision")
);

CREATE TABLE audit_log (
    "seq" bigint NOT NULL,
    "at" timestamptz NOT NULL,
    "actor" jsonb NOT NULL,
    "action" text NOT NULL,
    "data" jsonb NOT NULL,
    "prev_hash" text NOT NULL,
    "hash" text NOT NULL,
    PRIMARY KEY ("seq")
);

CREATE TABLE counters (
    "name" text NOT NULL,
    "value" bigint NOT NULL,
    PRIMARY KEY ("name")
);

-- Facts are append-only: whoever must anonymise deletes the text beside the chain, never the event.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
