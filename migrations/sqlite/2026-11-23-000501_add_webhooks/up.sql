-- Who is told of what by webhook, and every message that goes out: unique per subscription and place in the feed.
CREATE TABLE webhook_subscriptions (
    "id" BLOB NOT NULL,
    "url" TEXT NOT NULL,
    "events" BLOB NOT NULL,
    "unit" TEXT,
    "description" TEXT,
    "state" TEXT NOT NULL,
    "reason" TEXT,
    "secrets" BLOB NOT NULL,
    "place" INTEGER NOT NULL,
    "failing_since" INTEGER,
    "created_at" INTEGER NOT NULL,
    "updated_at" INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);

CREATE TABLE webhook_deliveries (
    "id" BLOB NOT NULL,
    "subscription_id" BLOB NOT NULL REFERENCES webhook_subscriptions (id),
    "seq" INTEGER NOT NULL,
    "at" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "ticket_id" BLOB,
    "body" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL,
    "due_at" INTEGER NOT NULL,
    "locked_until" INTEGER,
    "tried_at" INTEGER,
    "settled_at" INTEGER,
    "status" INTEGER,
    "error" TEXT,
    "answer" TEXT,
    PRIMARY KEY ("id"),
    UNIQUE ("subscription_id", "seq")
);
CREATE INDEX webhook_deliveries_by_subscription_id_state_seq ON webhook_deliveries ("subscription_id", "state", "seq");
CREATE INDEX webhook_deliveries_due ON webhook_deliveries ("subscription_id", "state", "due_at");
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries ("subscription_id", "ticket_id", "state", "seq");
CREATE INDEX webhook_deliveries_by_settled_at ON webhook_deliveries ("settled_at");
