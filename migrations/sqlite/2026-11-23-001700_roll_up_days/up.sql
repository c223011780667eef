-- Each local day counted once, by what its contacts share: how many occurred in each quarter of an hour, and how often
-- each number of seconds was waited until then.
CREATE TABLE rollups (
    "local_day" TEXT NOT NULL,
    "place" INTEGER NOT NULL,
    "source" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "queue" TEXT,
    "outcome" TEXT,
    "registered" BOOLEAN NOT NULL,
    "quarters" BLOB NOT NULL,
    PRIMARY KEY ("local_day", "place")
);

-- Days that changed since they were counted. Each transaction that changes one writes a row of its own, so that
-- none waits for another.
CREATE TABLE rollup_marks (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "local_day" TEXT NOT NULL
);
CREATE INDEX rollup_marks_by_day ON rollup_marks ("local_day");

-- No day was counted yet.
INSERT INTO rollup_marks ("local_day") SELECT DISTINCT "local_day" FROM interactions;
