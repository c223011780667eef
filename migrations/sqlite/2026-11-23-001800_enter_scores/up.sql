-- Rows of the yearly table that people enter by hand; a correction is a further revision, and nothing is overwritten.

CREATE TABLE score_entries (
    "year" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "content" BLOB NOT NULL,
    "attachment_id" BLOB REFERENCES attachments (id),
    "entered_at" INTEGER NOT NULL,
    "entered_by" BLOB NOT NULL,
    PRIMARY KEY ("year", "key", "revision")
);
CREATE INDEX score_entries_by_attachment_id ON score_entries ("attachment_id");

CREATE TRIGGER score_entries_no_update BEFORE UPDATE ON score_entries BEGIN SELECT RAISE(ABORT, 'table score_entries is append-only'); END;
CREATE TRIGGER score_entries_no_delete BEFORE DELETE ON score_entries BEGIN SELECT RAISE(ABORT, 'table score_entries is append-only'); END;
