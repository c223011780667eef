-- What live events said of each leg, and where the log says otherwise: written with the leg, in its transaction.

CREATE TABLE live_legs (
    "leg_id" BLOB NOT NULL REFERENCES legs (id),
    "interaction_id" BLOB NOT NULL REFERENCES calls (interaction_id),
    "source" TEXT NOT NULL,
    "entered_at" INTEGER NOT NULL,
    "said" BLOB NOT NULL,
    "logged" BOOLEAN NOT NULL,
    "differs" BOOLEAN NOT NULL,
    "differences" BLOB NOT NULL,
    PRIMARY KEY ("leg_id")
);
CREATE INDEX live_legs_by_interaction_id ON live_legs ("interaction_id");
CREATE INDEX live_legs_by_source_entered_at ON live_legs ("source", "entered_at", "leg_id");
CREATE INDEX live_legs_by_differs_entered_at ON live_legs ("differs", "entered_at", "leg_id");
CREATE INDEX live_legs_by_logged_entered_at ON live_legs ("logged", "entered_at", "leg_id");
