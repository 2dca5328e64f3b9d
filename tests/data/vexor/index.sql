BEGIN TRANSACTION;
CREATE TABLE bm25_doc (
            chunk_id INTEGER PRIMARY KEY REFERENCES indexed_chunk(id) ON DELETE CASCADE,
            token_count INTEGER NOT NULL
        );
INSERT INTO "bm25_doc" VALUES(1,10);
INSERT INTO "bm25_doc" VALUES(2,7);
INSERT INTO "bm25_doc" VALUES(3,7);
INSERT INTO "bm25_doc" VALUES(4,26);
INSERT INTO "bm25_doc" VALUES(5,10);
INSERT INTO "bm25_doc" VALUES(6,16);
INSERT INTO "bm25_doc" VALUES(7,6);
INSERT INTO "bm25_doc" VALUES(8,6);
CREATE TABLE bm25_posting (
            index_id INTEGER NOT NULL REFERENCES index_metadata(id) ON DELETE CASCADE,
            chunk_id INTEGER NOT NULL REFERENCES indexed_chunk(id) ON DELETE CASCADE,
            term TEXT NOT NULL,
            tf INTEGER NOT NULL,
            PRIMARY KEY (index_id, term, chunk_id)
        ) WITHOUT ROWID;
INSERT INTO "bm25_posting" VALUES(1,4,'add',1);
INSERT INTO "bm25_posting" VALUES(1,5,'add',1);
INSERT INTO "bm25_posting" VALUES(1,6,'add',2);
INSERT INTO "bm25_posting" VALUES(1,6,'append',1);
INSERT INTO "bm25_posting" VALUES(1,1,'cards',1);
INSERT INTO "bm25_posting" VALUES(1,2,'cards',1);
INSERT INTO "bm25_posting" VALUES(1,3,'cart',2);
INSERT INTO "bm25_posting" VALUES(1,4,'cart',4);
INSERT INTO "bm25_posting" VALUES(1,5,'cart',4);
INSERT INTO "bm25_posting" VALUES(1,6,'cart',3);
INSERT INTO "bm25_posting" VALUES(1,4,'cart_total',2);
INSERT INTO "bm25_posting" VALUES(1,5,'class',2);
INSERT INTO "bm25_posting" VALUES(1,4,'def',2);
INSERT INTO "bm25_posting" VALUES(1,6,'def',1);
INSERT INTO "bm25_posting" VALUES(1,4,'for',1);
INSERT INTO "bm25_posting" VALUES(1,1,'how',1);
INSERT INTO "bm25_posting" VALUES(1,3,'import',1);
INSERT INTO "bm25_posting" VALUES(1,4,'in',1);
INSERT INTO "bm25_posting" VALUES(1,4,'item',2);
INSERT INTO "bm25_posting" VALUES(1,6,'item',3);
INSERT INTO "bm25_posting" VALUES(1,4,'items',3);
INSERT INTO "bm25_posting" VALUES(1,6,'items',1);
INSERT INTO "bm25_posting" VALUES(1,1,'md',2);
INSERT INTO "bm25_posting" VALUES(1,2,'md',2);
INSERT INTO "bm25_posting" VALUES(1,5,'methods',1);
INSERT INTO "bm25_posting" VALUES(1,3,'module',1);
INSERT INTO "bm25_posting" VALUES(1,3,'os',1);
INSERT INTO "bm25_posting" VALUES(1,1,'pay',1);
INSERT INTO "bm25_posting" VALUES(1,4,'price',1);
INSERT INTO "bm25_posting" VALUES(1,4,'prices',1);
INSERT INTO "bm25_posting" VALUES(1,3,'py',2);
INSERT INTO "bm25_posting" VALUES(1,4,'py',2);
INSERT INTO "bm25_posting" VALUES(1,5,'py',2);
INSERT INTO "bm25_posting" VALUES(1,6,'py',2);
INSERT INTO "bm25_posting" VALUES(1,1,'readme',2);
INSERT INTO "bm25_posting" VALUES(1,2,'readme',2);
INSERT INTO "bm25_posting" VALUES(1,4,'return',1);
INSERT INTO "bm25_posting" VALUES(1,6,'self',3);
INSERT INTO "bm25_posting" VALUES(1,1,'shop',1);
INSERT INTO "bm25_posting" VALUES(1,2,'shop',1);
INSERT INTO "bm25_posting" VALUES(1,4,'sum',1);
INSERT INTO "bm25_posting" VALUES(1,4,'the',1);
INSERT INTO "bm25_posting" VALUES(1,1,'to',1);
INSERT INTO "bm25_posting" VALUES(1,4,'total',2);
INSERT INTO "bm25_posting" VALUES(1,4,'up',1);
INSERT INTO "bm25_posting" VALUES(1,1,'visa',1);
INSERT INTO "bm25_posting" VALUES(1,2,'visa',1);
INSERT INTO "bm25_posting" VALUES(2,7,'a',2);
INSERT INTO "bm25_posting" VALUES(2,7,'buy',1);
INSERT INTO "bm25_posting" VALUES(2,7,'milk',1);
INSERT INTO "bm25_posting" VALUES(2,7,'txt',2);
INSERT INTO "bm25_posting" VALUES(3,8,'1',1);
INSERT INTO "bm25_posting" VALUES(3,8,'c',2);
INSERT INTO "bm25_posting" VALUES(3,8,'gone',1);
INSERT INTO "bm25_posting" VALUES(3,8,'txt',2);
CREATE TABLE chunk_embedding (
            chunk_id INTEGER PRIMARY KEY REFERENCES indexed_chunk(id) ON DELETE CASCADE,
            vector_blob BLOB NOT NULL
        );
CREATE TABLE chunk_meta (
            chunk_id INTEGER PRIMARY KEY REFERENCES indexed_chunk(id) ON DELETE CASCADE,
            preview TEXT DEFAULT '',
            label_hash TEXT DEFAULT '',
            start_line INTEGER,
            end_line INTEGER
        );
INSERT INTO "chunk_meta" VALUES(1,'Shop :: How to pay. ## Cards Visa.','bf561a0a97efb727ec083eeb5f6ceedf5ed8de2d',1,7);
INSERT INTO "chunk_meta" VALUES(2,'Shop > Cards :: Visa.','9c3013b8a6bf6a976cc3a2823d5c6aa776a31fa7',5,7);
INSERT INTO "chunk_meta" VALUES(3,'module :: import os','d7b514571233574f50e4bba5fc3c98b9b0ac1875',1,3);
INSERT INTO "chunk_meta" VALUES(4,'def cart_total(items): :: def cart_total(items): """Add up the prices.""" return sum(item.price for item in items)','901a4f1557e7f44a321d93b20324501f7019492c',4,6);
INSERT INTO "chunk_meta" VALUES(5,'class Cart: :: class Cart: Methods: add','f895be1f1a297dce76f9b9ce0505a983f51feb96',9,11);
INSERT INTO "chunk_meta" VALUES(6,'Cart.add(self, item) :: def add(self, item): self.items.append(item)','12a06a531c7a0aae75cad793729fe94dda85796f',10,11);
INSERT INTO "chunk_meta" VALUES(7,'buy milk','86db74325818cc13aaf4a04ab3c32531830418d6',NULL,NULL);
INSERT INTO "chunk_meta" VALUES(8,'gone','8dbdc324ec270cd8f59f3a6fc3a057ccdd238982',1,1);
CREATE TABLE embedding_cache (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model TEXT NOT NULL,
            text_hash TEXT NOT NULL,
            vector_blob BLOB NOT NULL,
            created_at TEXT NOT NULL,
            UNIQUE(model, text_hash)
        );
INSERT INTO "embedding_cache" VALUES(1,'stub-embed','bf561a0a97efb727ec083eeb5f6ceedf5ed8de2d',X'160007BFF2F075BE0EB4953E9F028B3DC97940BD9F028BBD71AC093F1600073F','2026-11-26T15:36:31.474294+00:00');
INSERT INTO "embedding_cache" VALUES(2,'stub-embed','9c3013b8a6bf6a976cc3a2823d5c6aa776a31fa7',X'CA34EDBE8A4CA2BED5C33D3E2AB765BE95C8AE3EAAD30B3D55BADB3EAAD30BBF','2026-11-26T15:36:31.474294+00:00');
INSERT INTO "embedding_cache" VALUES(3,'stub-embed','d7b514571233574f50e4bba5fc3c98b9b0ac1875',X'BF6902BF427BE9BE0FEEC9BEF08C56BEB434BB3EBD956B3DE6C15A3D5711E1BE','2026-11-26T15:36:31.474294+00:00');
INSERT INTO "embedding_cache" VALUES(4,'stub-embed','901a4f1557e7f44a321d93b20324501f7019492c',X'CA09E13E83F6B8BE17B5D43E79430C3F898E84BEEA9F513E3CE3903E049EF6BD','2026-11-26T15:36:31.474294+00:00');
INSERT INTO "embedding_cache" VALUES(5,'stub-embed','f895be1f1a297dce76f9b9ce0505a983f51feb96',X'DDB780BD0A51983E8ED6E93E8ED6E93E2646F0BC77CA01BFBEB5F63EA84C893C','2026-11-26T15:36:31.474294+00:00');
INSERT INTO "embedding_cache" VALUES(6,'stub-embed','12a06a531c7a0aae75cad793729fe94dda85796f',X'79DB933E5C92E93E7FDBDE3EE7B6913EA024273EECB64DBCC76DC9BE9DA4013F','2026-11-26T15:36:31.474294+00:00');
INSERT INTO "embedding_cache" VALUES(7,'stub-embed','86db74325818cc13aaf4a04ab3c32531830418d6',X'2AD5083F0051233E19DE933ED036C23EB61B013F233F8D3D07E71EBD9986E5BE','2026-11-26T15:36:34.263875+00:00');
INSERT INTO "embedding_cache" VALUES(8,'stub-embed','8dbdc324ec270cd8f59f3a6fc3a057ccdd238982',X'1E2731BD4104093FC995F33E1E2731BCA43F063FE5705D3D56DD043D5783E83E','2026-11-26T15:36:38.913575+00:00');
INSERT INTO "embedding_cache" VALUES(9,'stub-embed','a5ab9e3872058df7852f93e796850bc684b5cd4b',X'8529EABE78FEE73EE82450BEEFF2A63ECECECBBE6BD3E5BE1CD1D8BD1E4284BE','2026-11-26T15:36:43.268658+00:00');
INSERT INTO "embedding_cache" VALUES(10,'stub-embed','0feca720e2c29dafb2c900713ba560e03b758711',X'4F5416BFFAC30A3DA146E73EA395C43E0E59B03EF6D6F2BDF825D03EFAC38ABD','2026-11-26T15:36:51.020014+00:00');
CREATE TABLE index_metadata (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            cache_key TEXT NOT NULL,
            root_path TEXT NOT NULL,
            model TEXT NOT NULL,
            include_hidden INTEGER NOT NULL,
            respect_gitignore INTEGER NOT NULL DEFAULT 1,
            recursive INTEGER NOT NULL DEFAULT 1,
            mode TEXT NOT NULL,
            dimension INTEGER NOT NULL,
            version INTEGER NOT NULL,
            generated_at TEXT NOT NULL,
            exclude_patterns TEXT DEFAULT '',
            extensions TEXT DEFAULT '',
            vector_file TEXT NOT NULL DEFAULT '',
            UNIQUE(cache_key, model)
        );
INSERT INTO "index_metadata" VALUES(1,'2f498c12676c9f6b3e75308243cd8b2b0f3de76e','@HOME@/src/shop','stub-embed',0,1,1,'auto',8,8,'2026-11-26T15:36:31.508223+00:00','','','vectors/0620a0371cc94a0cacb66921de39f043.npy');
INSERT INTO "index_metadata" VALUES(2,'d87d16dc70425edcde417c88e0409d41ec96ae8f','@HOME@/src/notes','stub-embed',0,1,1,'head',8,8,'2026-11-26T15:36:34.301085+00:00','old/**','.txt','vectors/78456df3fb7c4d2dada89a571ec2a879.npy');
INSERT INTO "index_metadata" VALUES(3,'c6aa444f4bb8b0197f2b4a636b398800361430ac','@HOME@/src/gone','stub-embed',1,1,1,'full',8,8,'2026-11-26T15:36:38.961942+00:00','','','vectors/cc6a16a5e6974310b24dce9a87c903fc.npy');
CREATE TABLE indexed_chunk (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            index_id INTEGER NOT NULL REFERENCES index_metadata(id) ON DELETE CASCADE,
            file_id INTEGER NOT NULL REFERENCES indexed_file(id) ON DELETE CASCADE,
            chunk_index INTEGER NOT NULL DEFAULT 0,
            position INTEGER NOT NULL,
            UNIQUE(index_id, file_id, chunk_index)
        );
INSERT INTO "indexed_chunk" VALUES(1,1,1,0,0);
INSERT INTO "indexed_chunk" VALUES(2,1,1,1,1);
INSERT INTO "indexed_chunk" VALUES(3,1,2,0,2);
INSERT INTO "indexed_chunk" VALUES(4,1,2,1,3);
INSERT INTO "indexed_chunk" VALUES(5,1,2,2,4);
INSERT INTO "indexed_chunk" VALUES(6,1,2,3,5);
INSERT INTO "indexed_chunk" VALUES(7,2,3,0,0);
INSERT INTO "indexed_chunk" VALUES(8,3,4,0,0);
CREATE TABLE indexed_file (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            index_id INTEGER NOT NULL REFERENCES index_metadata(id) ON DELETE CASCADE,
            rel_path TEXT NOT NULL,
            abs_path TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            mtime REAL NOT NULL,
            UNIQUE(index_id, rel_path)
        );
INSERT INTO "indexed_file" VALUES(1,1,'README.md','@HOME@/src/shop/README.md',37,1.79570735330681896212e+09);
INSERT INTO "indexed_file" VALUES(2,1,'cart.py','@HOME@/src/shop/cart.py',180,1.79570735330681896212e+09);
INSERT INTO "indexed_file" VALUES(3,2,'a.txt','@HOME@/src/notes/a.txt',9,1.79570735331481909748e+09);
INSERT INTO "indexed_file" VALUES(4,3,'c.txt','@HOME@/src/gone/c.txt',5,1.79570738511482095719e+09);
CREATE TABLE query_cache (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            index_id INTEGER NOT NULL REFERENCES index_metadata(id) ON DELETE CASCADE,
            query_hash TEXT NOT NULL,
            query_text TEXT NOT NULL,
            query_vector BLOB NOT NULL,
            created_at TEXT NOT NULL,
            UNIQUE(index_id, query_hash)
        );
INSERT INTO "query_cache" VALUES(1,1,'3f85617f5f3545e05b8d2e7226a16b26dca03949','add prices',X'8529EABE78FEE73EE82450BEEFF2A63ECECECBBE6BD3E5BE1CD1D8BD1E4284BE','2026-11-26T15:36:43.290047+00:00');
INSERT INTO "query_cache" VALUES(2,2,'a774afe55be664351b5824cba41efc29a0920bfd','nothing',X'4F5416BFFAC30A3DA146E73EA395C43E0E59B03EF6D6F2BDF825D03EFAC38ABD','2026-11-26T15:36:51.031151+00:00');
CREATE INDEX idx_indexed_chunk_order
            ON indexed_chunk(index_id, position);
CREATE INDEX idx_indexed_file_lookup
            ON indexed_file(index_id, rel_path);
CREATE INDEX idx_query_cache_lookup
            ON query_cache(index_id, query_hash);
CREATE INDEX idx_embedding_cache_lookup
            ON embedding_cache(model, text_hash);
CREATE INDEX idx_bm25_posting_chunk
            ON bm25_posting(chunk_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('embedding_cache',10);
INSERT INTO "sqlite_sequence" VALUES('index_metadata',3);
INSERT INTO "sqlite_sequence" VALUES('indexed_file',4);
INSERT INTO "sqlite_sequence" VALUES('indexed_chunk',8);
INSERT INTO "sqlite_sequence" VALUES('query_cache',2);
COMMIT;
