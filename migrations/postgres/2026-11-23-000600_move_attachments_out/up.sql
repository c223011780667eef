-- Files leave the database: a row describes a file, its content is a blob named by its SHA-256. Rows of before keep
-- their bytes, and are served from them, until maintenance has moved them.
ALTER TABLE attachments
    ALTER COLUMN "bytes" DROP NOT NULL,
    ADD COLUMN "ticket_id" uuid REFERENCES tickets (id),
    ADD COLUMN "declared_type" text NOT NULL DEFAULT '',
    ADD COLUMN "original_sha256" text,
    ADD COLUMN "flags" jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN "scan" text NOT NULL DEFAULT 'not_scanned',
    ADD COLUMN "scanned_at" timestamptz,
    ADD COLUMN "scan_detail" text,
    ADD COLUMN "uploaded_by" uuid,
    ADD COLUMN "created_at" timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z';
UPDATE attachments SET "declared_type" = "media_type";
UPDATE attachments SET "created_at" = interactions.recorded_at FROM interactions WHERE interactions.id = attachments.interaction_id;
ALTER TABLE attachments
    ALTER COLUMN "declared_type" DROP DEFAULT,
    ALTER COLUMN "flags" DROP DEFAULT,
    ALTER COLUMN "scan" DROP DEFAULT,
    ALTER COLUMN "created_at" DROP DEFAULT;
CREATE INDEX attachments_by_ticket_id ON attachments ("ticket_id", "created_at", "id");
CREATE INDEX attachments_by_sha256 ON attachments ("sha256");
CREATE INDEX attachments_by_scan ON attachments ("scan", "sha256");
CREATE INDEX attachments_with_bytes ON attachments ("id") WHERE "bytes" IS NOT NULL;

CREATE TABLE message_attachments (
    "message_id" uuid NOT NULL REFERENCES messages (id),
    "attachment_id" uuid NOT NULL REFERENCES attachments (id),
    "position" integer NOT NULL,
    PRIMARY KEY ("message_id", "attachment_id")
);
CREATE INDEX message_attachments_by_attachment_id ON message_attachments ("attachment_id");
