-- What live events said of each leg, and where the log says otherwise: written with the leg, in its transaction.

CREATE TABLE live_legs (
    "leg_id" uuid NOT NULL REFERENCES legs (id),
    "interaction_id" uuid NOT NULL REFERENCES calls (interaction_id),
    "source" text NOT NULL,
    "entered_at" timestamptz NOT NULL,
    "said" jsonb NOT NULL,
    "logged" boolean NOT NULL,
    "differs" boolean NOT NULL,
    "differences" jsonb NOT NULL,
    PRIMARY KEY ("leg_id")
);
CREATE INDEX live_legs_by_interaction_id ON live_legs ("interaction_id");
CREATE INDEX live_legs_by_source_entered_at ON live_legs ("source", "entered_at", "leg_id");
CREATE INDEX live_legs_by_differs_entered_at ON live_legs ("differs", "entered_at", "leg_id");
CREATE INDEX live_legs_by_logged_entered_at ON live_legs ("logged", "entered_at", "leg_id");
