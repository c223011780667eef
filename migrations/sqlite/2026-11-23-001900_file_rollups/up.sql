-- Contacts are counted by what their tickets are filed under, too: theme, kind, unit, level, Municipio and tags. What was
-- kept does not say it, so every day of it is counted anew.
INSERT INTO rollup_marks ("local_day") SELECT DISTINCT "local_day" FROM rollups;
DROP TABLE rollups;
CREATE TABLE rollups (
    "local_day" TEXT NOT NULL,
    "place" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "queue" TEXT,
    "outcome" TEXT,
    "registered" BOOLEAN NOT NULL,
    "filed" BLOB NOT NULL,
    "quarters" BLOB NOT NULL,
    PRIMARY KEY ("local_day", "place")
);
