-- Who is told of what by webhook, and every message that goes out: unique per subscription and place in the feed.
CREATE TABLE webhook_subscriptions (
    "id" uuid NOT NULL,
    "url" text NOT NULL,
    "events" jsonb NOT NULL,
    "unit" text,
    "description" text,
    "state" text NOT NULL,
    "reason" text,
    "secrets" jsonb NOT NULL,
    "place" bigint NOT NULL,
    "failing_since" timestamptz,
    "created_at" timestamptz NOT NULL,
    "updated_at" timestamptz NOT NULL,
    "version" integer NOT NULL,
    PRIMARY KEY ("id")
);

CREATE TABLE webhook_deliveries (
    "id" uuid NOT NULL,
    "subscription_id" uuid NOT NULL REFERENCES webhook_subscriptions (id),
    "seq" bigint NOT NULL,
    "at" timestamptz NOT NULL,
    "kind" text NOT NULL,
    "ticket_id" uuid,
    "body" text NOT NULL,
    "state" text NOT NULL,
    "attempts" integer NOT NULL,
    "due_at" timestamptz NOT NULL,
    "locked_until" timestamptz,
    "tried_at" timestamptz,
    "settled_at" timestamptz,
    "status" integer,
    "error" text,
    "answer" text,
    PRIMARY KEY ("id"),
    UNIQUE ("subscription_id", "seq")
);
CREATE INDEX webhook_deliveries_by_subscription_id_state_seq ON webhook_deliveries ("subscription_id", "state", "seq");
CREATE INDEX webhook_deliveries_due ON webhook_deliveries ("subscription_id", "state", "due_at");
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries ("subscription_id", "ticket_id", "state", "seq");
CREATE INDEX webhook_deliveries_by_settled_at ON webhook_deliveries ("settled_at");
