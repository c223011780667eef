-- Monthly volumes that other systems count; a correction is a further revision, and nothing is overwritten.

CREATE TABLE series_values (
    "key" text NOT NULL,
    "month" text NOT NULL,
    "revision" integer NOT NULL,
    "value" bigint NOT NULL,
    "source" text NOT NULL,
    "note" text,
    "imported_at" timestamptz NOT NULL,
    "imported_by" jsonb NOT NULL,
    PRIMARY KEY ("key", "month", "revision")
);
CREATE INDEX series_values_by_month ON series_values ("month", "imported_at");

CREATE TRIGGER series_values_append_only BEFORE UPDATE OR DELETE ON series_values FOR EACH ROW EXECUTE FUNCTION refuse_change();
