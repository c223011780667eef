-- Campaigns of which reports are kept at hand: a tag, a theme or a unit between two local days.

CREATE TABLE campaigns (
    "id" BLOB NOT NULL,
    "label" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "subject_key" TEXT NOT NULL,
    "from_day" TEXT NOT NULL,
    "to_day" TEXT NOT NULL,
    "step" TEXT NOT NULL,
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX campaigns_by_created_at ON campaigns ("created_at", "id");
