-- Monthly volumes that other systems count; a correction is a further revision, and nothing is overwritten.

CREATE TABLE series_values (
    "key" TEXT NOT NULL,
    "month" TEXT NOT NULL,
    "revision" INTEGER NOT NULL,
    "value" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "note" TEXT,
    "imported_at" INTEGER NOT NULL,
    "imported_by" BLOB NOT NULL,
    PRIMARY KEY ("key", "month", "revision")
);
CREATE INDEX series_values_by_month ON series_values ("month", "imported_at");

CREATE TRIGGER series_values_no_update BEFORE UPDATE ON series_values BEGIN SELECT RAISE(ABORT, 'table series_values is append-only'); END;
CREATE TRIGGER series_values_no_delete BEFORE DELETE ON series_values BEGIN SELECT RAISE(ABORT, 'table series_values is append-only'); END;
