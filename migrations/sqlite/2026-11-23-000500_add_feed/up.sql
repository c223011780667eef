-- What happened, told to streams and webhooks. A row is written in the transaction of what it tells and gets its number
-- once that is committed: numbers are given by one transaction at a time, so no smaller one appears after a greater.
CREATE TABLE feed (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "seq" INTEGER,
    "at" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "ticket_id" BLOB,
    "unit" TEXT,
    "unit_before" TEXT,
    "user_id" BLOB,
    "data" BLOB NOT NULL,
    UNIQUE ("seq")
);
CREATE INDEX feed_unnumbered ON feed ("id") WHERE "seq" IS NULL;
CREATE INDEX feed_by_at ON feed ("at");

-- The last number given, and the greatest that was pruned.
INSERT INTO counters ("name", "value") VALUES ('feed', 0), ('feed_pruned', 0);
