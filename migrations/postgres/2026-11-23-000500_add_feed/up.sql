-- What happened, told to streams and webhooks. A row is written in the transaction of what it tells and gets its number
-- once that is committed: numbers are given by one transaction at a time, so no smaller one appears after a greater.
CREATE TABLE feed (
    "id" bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    "seq" bigint,
    "at" timestamptz NOT NULL,
    "kind" text NOT NULL,
    "ticket_id" uuid,
    "unit" text,
    "unit_before" text,
    "user_id" uuid,
    "data" jsonb NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("seq")
);
CREATE INDEX feed_unnumbered ON feed ("id") WHERE "seq" IS NULL;
CREATE INDEX feed_by_at ON feed ("at");

-- The last number given, and the greatest that was pruned.
INSERT INTO counters ("name", "value") VALUES ('feed', 0), ('feed_pruned', 0);
