-- Files leave the database: a row describes a file, its content is a blob named by its SHA-256. Rows of before keep
-- their bytes, and are served from them, until maintenance has moved them. SQLite cannot let a column be null
-- afterwards: the table is made anew.
CREATE TABLE attachments_anew (
    "id" BLOB NOT NULL,
    "interaction_id" BLOB REFERENCES interactions (id),
    "name" TEXT NOT NULL,
    "media_type" TEXT NOT NULL,
    "size_bytes" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "inline" BOOLEAN NOT NULL,
    "bytes" BLOB,
    "ticket_id" BLOB REFERENCES tickets (id),
    "declared_type" TEXT NOT NULL,
    "original_sha256" TEXT,
    "flags" BLOB NOT NULL,
    "scan" TEXT NOT NULL,
    "scanned_at" INTEGER,
    "scan_detail" TEXT,
    "uploaded_by" BLOB,
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);
INSERT INTO attachments_anew
SELECT a."id", a."interaction_id", a."name", a."media_type", a."size_bytes", a."sha256", a."inline", a."bytes",
       NULL, a."media_type", NULL, jsonb('[]'), 'not_scanned', NULL, NULL, NULL, coalesce(i."recorded_at", 0)
FROM attachments a LEFT JOIN interactions i ON i."id" = a."interaction_id";
DROP TABLE attachments;
ALTER TABLE attachments_anew RENAME TO attachments;
CREATE INDEX attachments_by_interaction_id ON attachments ("interaction_id");
CREATE INDEX attachments_by_ticket_id ON attachments ("ticket_id", "created_at", "id");
CREATE INDEX attachments_by_sha256 ON attachments ("sha256");
CREATE INDEX attachments_by_scan ON attachments ("scan", "sha256");
CREATE INDEX attachments_with_bytes ON attachments ("id") WHERE "bytes" IS NOT NULL;

CREATE TABLE message_attachments (
    "message_id" BLOB NOT NULL REFERENCES messages (id),
    "attachment_id" BLOB NOT NULL REFERENCES attachments (id),
    "position" INTEGER NOT NULL,
    PRIMARY KEY ("message_id", "attachment_id")
);
CREATE INDEX message_attachments_by_attachment_id ON message_attachments ("attachment_id");
