-- Contacts are counted by what their tickets are filed under, too: theme, kind, unit, level, Municipio and tags. What was
-- kept does not say it, so every day of it is counted anew.
INSERT INTO rollup_marks ("local_day") SELECT DISTINCT "local_day" FROM rollups;
DROP TABLE rollups;
CREATE TABLE rollups (
    "local_day" text NOT NULL,
    "place" integer NOT NULL,
    "source" text NOT NULL,
    "channel" text NOT NULL,
    "queue" text,
    "outcome" text,
    "registered" boolean NOT NULL,
    "filed" jsonb NOT NULL,
    "quarters" jsonb NOT NULL,
    PRIMARY KEY ("local_day", "place")
);
