-- The words of the search as a projection beside the tickets.

-- One row a ticket, in the order in which they were recorded; words are stemmed and folded already.
CREATE TABLE ticket_search (
    "docid" INTEGER NOT NULL,
    "ticket_id" BLOB NOT NULL REFERENCES tickets (id),
    "head" TEXT NOT NULL,
    "requester" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    PRIMARY KEY ("docid"),
    UNIQUE ("ticket_id")
);
CREATE VIRTUAL TABLE ticket_search_fts USING fts5 (head, requester, body, content = 'ticket_search', content_rowid = 'docid', tokenize = 'unicode61 remove_diacritics 0', prefix = '3 5');
CREATE TRIGGER ticket_search_inserted AFTER INSERT ON ticket_search BEGIN
    INSERT INTO ticket_search_fts (rowid, head, requester, body) VALUES (new.docid, new.head, new.requester, new.body);
END;
CREATE TRIGGER ticket_search_deleted AFTER DELETE ON ticket_search BEGIN
    INSERT INTO ticket_search_fts (ticket_search_fts, rowid, head, requester, body) VALUES ('delete', old.docid, old.head, old.requester, old.body);
END;
CREATE TRIGGER ticket_search_updated AFTER UPDATE ON ticket_search BEGIN
    INSERT INTO ticket_search_fts (ticket_search_fts, rowid, head, requester, body) VALUES ('delete', old.docid, old.head, old.requester, old.body);
    INSERT INTO ticket_search_fts (rowid, head, requester, body) VALUES (new.docid, new.head, new.requester, new.body);
END;
