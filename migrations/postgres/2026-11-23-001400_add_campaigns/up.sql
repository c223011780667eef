-- Campaigns of which reports are kept at hand: a tag, a theme or a unit between two local days.

CREATE TABLE campaigns (
    "id" uuid NOT NULL,
    "label" text NOT NULL,
    "subject" text NOT NULL,
    "subject_key" text NOT NULL,
    "from_day" text NOT NULL,
    "to_day" text NOT NULL,
    "step" text NOT NULL,
    "created_at" timestamptz NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX campaigns_by_created_at ON campaigns ("created_at", "id");
