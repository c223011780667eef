-- How tickets hang together: merges, split contacts, links, watchers, and what likens one text to another.

-- Where a merged ticket points; a row lives as long as the merge.
CREATE TABLE merged_tickets (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "into_id" BLOB NOT NULL REFERENCES tickets (id),
    "merged_at" INTEGER NOT NULL,
    PRIMARY KEY ("ticket_id")
);
CREATE INDEX merged_tickets_by_into_id ON merged_tickets ("into_id");

-- Contacts that were split off a ticket: to which one they belonged until then, and since when.
CREATE TABLE contact_moves (
    "id" BLOB NOT NULL,
    "interaction_id" BLOB NOT NULL REFERENCES interactions (id),
    "from_id" BLOB NOT NULL REFERENCES tickets (id),
    "linked_at" INTEGER,
    "moved_at" INTEGER NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX contact_moves_by_moved_at ON contact_moves ("moved_at");
CREATE INDEX contact_moves_by_interaction_id ON contact_moves ("interaction_id");
CREATE INDEX contact_moves_by_from_id ON contact_moves ("from_id");

CREATE TABLE ticket_links (
    "id" BLOB NOT NULL,
    "relation" TEXT NOT NULL,
    "from_id" BLOB NOT NULL REFERENCES tickets (id),
    "to_id" BLOB NOT NULL REFERENCES tickets (id),
    "created_at" INTEGER NOT NULL,
    PRIMARY KEY ("id"),
    UNIQUE ("from_id", "to_id", "relation")
);
CREATE INDEX ticket_links_by_to_id ON ticket_links ("to_id");

CREATE TABLE ticket_watchers (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "user_id" BLOB NOT NULL REFERENCES users (id),
    "since" INTEGER NOT NULL,
    PRIMARY KEY ("ticket_id", "user_id")
) WITHOUT ROWID;
CREATE INDEX ticket_watchers_by_user_id_ticket_id ON ticket_watchers ("user_id", "ticket_id");

CREATE TABLE ticket_signatures (
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "bits" INTEGER NOT NULL,
    "opened_at" INTEGER NOT NULL,
    PRIMARY KEY ("ticket_id")
);

-- The same signatures by band: texts that are nearly the same share one.
CREATE TABLE signature_bands (
    "band" INTEGER NOT NULL,
    "opened_at" INTEGER NOT NULL,
    "ticket_id" BLOB NOT NULL,
    "bits" INTEGER NOT NULL,
    PRIMARY KEY ("band", "opened_at", "ticket_id")
) WITHOUT ROWID;
