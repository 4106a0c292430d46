-- A workspace of format 1: five examples, judged by two raters, with one bulk decision taken back.
BEGIN TRANSACTION;
CREATE TABLE constitution_drafts (
	name VARCHAR(400) NOT NULL, 
	author VARCHAR(400) NOT NULL, 
	saved_at VARCHAR(40) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (name, author)
);
CREATE TABLE constitutions (
	seq INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	author TEXT NOT NULL, 
	note TEXT NOT NULL, 
	parent VARCHAR(64), 
	created_at VARCHAR(40) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (hash)
);
CREATE TABLE dataset_rows (
	dataset_hash VARCHAR(64) NOT NULL, 
	part VARCHAR(20) NOT NULL, 
	position INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (dataset_hash, part, position), 
	FOREIGN KEY(dataset_hash) REFERENCES datasets (hash)
);
CREATE TABLE datasets (
	seq INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	author TEXT NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (hash)
);
CREATE TABLE evaluations (
	seq INTEGER NOT NULL, 
	id VARCHAR(120) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (id)
);
CREATE TABLE events (
	seq INTEGER NOT NULL, 
	event_id VARCHAR(200) NOT NULL, 
	example_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(10) NOT NULL, 
	verdict VARCHAR(10), 
	rater TEXT NOT NULL, 
	text TEXT, 
	note TEXT NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	base_rev INTEGER NOT NULL, 
	rev INTEGER NOT NULL, 
	batch VARCHAR(64), 
	undoes VARCHAR(200), 
	restores VARCHAR(200), 
	PRIMARY KEY (seq), 
	UNIQUE (event_id), 
	FOREIGN KEY(example_id) REFERENCES examples (id)
);
INSERT INTO "events" VALUES(1,'e1','c66c4acf3d3eb3f75cb9aaa1','decide','accept','Ana',NULL,'','2026-11-25T16:22:37.726360+00:00',0,1,NULL,NULL,NULL);
INSERT INTO "events" VALUES(2,'e2','7cc89b1f21cd56a4dacee214','decide','edit','Ana','Edited by Ana','','2026-11-25T16:22:37.881540+00:00',0,1,NULL,NULL,NULL);
INSERT INTO "events" VALUES(3,'e3','c66c4acf3d3eb3f75cb9aaa1','decide','reject','Ben',NULL,'','2026-11-25T16:22:37.953493+00:00',1,2,NULL,NULL,NULL);
INSERT INTO "events" VALUES(4,'d8478b1d7a6b481fb79b59ec3a9ba6d4','52ca20b649490cd80871cb10','decide','accept','Ben',NULL,'','2026-11-25T16:22:38.016984+00:00',0,1,'647fc9367e1d42418ccc11899796b80f',NULL,NULL);
INSERT INTO "events" VALUES(5,'473935fb985747df9c3c2e594639cebf','b652491d746b4dbbc0e233c8','decide','accept','Ben',NULL,'','2026-11-25T16:22:38.016984+00:00',0,1,'647fc9367e1d42418ccc11899796b80f',NULL,NULL);
INSERT INTO "events" VALUES(6,'7a296c7d140344f09d8844501b89a68c','52ca20b649490cd80871cb10','undo',NULL,'Ben',NULL,'','2026-11-25T16:22:38.103787+00:00',1,2,NULL,'d8478b1d7a6b481fb79b59ec3a9ba6d4',NULL);
INSERT INTO "events" VALUES(7,'c89627b03ba44671a8313cf49bddda0d','b652491d746b4dbbc0e233c8','undo',NULL,'Ben',NULL,'','2026-11-25T16:22:38.103817+00:00',1,2,NULL,'473935fb985747df9c3c2e594639cebf',NULL);
CREATE TABLE examples (
	seq INTEGER NOT NULL, 
	id VARCHAR(64) NOT NULL, 
	folded TEXT NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (id)
);
INSERT INTO "examples" VALUES(1,'c66c4acf3d3eb3f75cb9aaa1','question 0
good answer 0
bad answer 0','{"constitution_hash":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","conversation":[{"content":"Question 0","role":"user"}],"critique":null,"id":"c66c4acf3d3eb3f75cb9aaa1","initial":"Bad answer 0","principle_ids":[],"prompt":{"id":"p0","kind":"harmful","source":"","text":"Question 0","topic":""},"revision":"Good answer 0","source":"old","trace_id":null}');
INSERT INTO "examples" VALUES(2,'7cc89b1f21cd56a4dacee214','question 1
good answer 1
bad answer 1','{"constitution_hash":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","conversation":[{"content":"Question 1","role":"user"}],"critique":null,"id":"7cc89b1f21cd56a4dacee214","initial":"Bad answer 1","principle_ids":["kind"],"prompt":{"id":"p1","kind":"harmful","source":"","text":"Question 1","topic":""},"revision":"Good answer 1","source":"old","trace_id":null}');
INSERT INTO "examples" VALUES(3,'52ca20b649490cd80871cb10','question 2
good answer 2
bad answer 2','{"constitution_hash":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","conversation":[{"content":"Question 2","role":"user"}],"critique":null,"id":"52ca20b649490cd80871cb10","initial":"Bad answer 2","principle_ids":["kind","fair"],"prompt":{"id":"p2","kind":"harmful","source":"","text":"Question 2","topic":""},"revision":"Good answer 2","source":"old","trace_id":null}');
INSERT INTO "examples" VALUES(4,'b652491d746b4dbbc0e233c8','question 3
good answer 3
bad answer 3','{"constitution_hash":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","conversation":[{"content":"Question 3","role":"user"}],"critique":null,"id":"b652491d746b4dbbc0e233c8","initial":"Bad answer 3","principle_ids":[],"prompt":{"id":"p3","kind":"harmful","source":"","text":"Question 3","topic":""},"revision":"Good answer 3","source":"old","trace_id":null}');
INSERT INTO "examples" VALUES(5,'b300881898e02abf10b65304','question 4
good answer 4','{"constitution_hash":"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","conversation":[{"content":"Question 4","role":"user"}],"critique":null,"id":"b300881898e02abf10b65304","initial":null,"principle_ids":["kind"],"prompt":{"id":"p4","kind":"harmful","source":"","text":"Question 4","topic":""},"revision":"Good answer 4","source":"old","trace_id":null}');
CREATE TABLE meta (
	"key" VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE runs (
	seq INTEGER NOT NULL, 
	id VARCHAR(120) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	process VARCHAR(200) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (id)
);
CREATE TABLE settings (
	"key" VARCHAR(200) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "settings" VALUES('x','[1]');
CREATE TABLE standing (
	seq INTEGER NOT NULL, 
	example_id VARCHAR(64) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	source TEXT NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	done INTEGER NOT NULL, 
	rev INTEGER NOT NULL, 
	event_seq INTEGER, 
	event_id VARCHAR(200), 
	rater TEXT, 
	PRIMARY KEY (seq), 
	FOREIGN KEY(seq) REFERENCES examples (seq), 
	UNIQUE (example_id)
);
INSERT INTO "standing" VALUES(1,'c66c4acf3d3eb3f75cb9aaa1','harmful','old','reject',1,2,3,'e3','Ben');
INSERT INTO "standing" VALUES(2,'7cc89b1f21cd56a4dacee214','harmful','old','edit',1,1,2,'e2','Ana');
INSERT INTO "standing" VALUES(3,'52ca20b649490cd80871cb10','harmful','old','open',0,2,NULL,NULL,NULL);
INSERT INTO "standing" VALUES(4,'b652491d746b4dbbc0e233c8','harmful','old','open',0,2,NULL,NULL,NULL);
INSERT INTO "standing" VALUES(5,'b300881898e02abf10b65304','harmful','old','open',0,0,NULL,NULL,NULL);
CREATE TABLE steps (
	trace_id VARCHAR(120) NOT NULL, 
	position INTEGER NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (trace_id, position), 
	FOREIGN KEY(trace_id) REFERENCES traces (id)
);
CREATE TABLE text_drafts (
	example_id VARCHAR(64) NOT NULL, 
	rater VARCHAR(400) NOT NULL, 
	saved_at VARCHAR(40) NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (example_id, rater), 
	FOREIGN KEY(example_id) REFERENCES examples (id)
);
INSERT INTO "text_drafts" VALUES('b300881898e02abf10b65304','Ana','2026-11-25T16:22:38.244737+00:00','half');
CREATE TABLE traces (
	seq INTEGER NOT NULL, 
	id VARCHAR(120) NOT NULL, 
	created_at VARCHAR(40) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (id)
);
CREATE TABLE votes (
	seq INTEGER NOT NULL, 
	event_id VARCHAR(200) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (event_id)
);
CREATE INDEX ix_constitutions_name ON constitutions (name);
CREATE INDEX ix_runs_state ON runs (state);
CREATE INDEX ix_events_undoes ON events (undoes);
CREATE INDEX ix_events_batch ON events (batch);
CREATE INDEX ix_events_rater ON events (rater, seq);
CREATE INDEX ix_events_example ON events (example_id, seq);
CREATE INDEX ix_standing_status ON standing (status, kind, source, seq);
CREATE INDEX ix_standing_done ON standing (done, seq);
CREATE INDEX ix_standing_rater ON standing (rater, event_seq);
COMMIT;
