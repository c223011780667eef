-- The folded words of persons' names, which are found by how they begin.

CREATE TABLE person_words (
    "word" text COLLATE "C" NOT NULL,
    "person_id" uuid NOT NULL REFERENCES persons (id),
    PRIMARY KEY ("word", "person_id")
);
CREATE INDEX person_words_by_person_id ON person_words ("person_id");
