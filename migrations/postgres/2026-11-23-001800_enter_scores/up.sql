-- Rows of the yearly table that people enter by hand; a correction is a further revision, and nothing is overwritten.

CREATE TABLE score_entries (
    "year" integer NOT NULL,
    "key" text NOT NULL,
    "revision" integer NOT NULL,
    "content" jsonb NOT NULL,
    "attachment_id" uuid REFERENCES attachments (id),
    "entered_at" timestamptz NOT NULL,
    "entered_by" jsonb NOT NULL,
    PRIMARY KEY ("year", "key", "revision")
);
CREATE INDEX score_entries_by_attachment_id ON score_entries ("attachment_id");

CREATE TRIGGER score_entries_append_only BEFORE UPDATE OR DELETE ON score_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
