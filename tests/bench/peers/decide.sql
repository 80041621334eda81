-- decide: one registration decision inside PostgreSQL: the same rule and rows as bare_path.c.
-- SPDX-License-Identifier: Apache-2.0
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.event(code text PRIMARY KEY, capacity int NOT NULL, maximum int NOT NULL, used int NOT NULL DEFAULT 0,
  waiting int NOT NULL DEFAULT 0) WITH (fillfactor = 20);
CREATE TABLE bench.share(event text, party text, used int NOT NULL, PRIMARY KEY (event, party)) WITH (fillfactor = 20);
-- The order of this table is the order of decisions: every decision holds the lock of its event, and readers stop in front
-- of the oldest transaction that runs.
CREATE TABLE bench.registration(seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, request uuid NOT NULL UNIQUE,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(), event text NOT NULL, party text NOT NULL, name text NOT NULL, email text NOT NULL,
  capacity text NOT NULL, state text NOT NULL, decision text NOT NULL);
CREATE INDEX outbox ON bench.registration(xid, seq);

CREATE FUNCTION bench.decide(p_id uuid, p_event text, p_party text, p_name text, p_email text, p_capacity text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE e bench.event; taken int; outcome text; place int; body text;
BEGIN
  SELECT * INTO STRICT e FROM bench.event WHERE code = p_event FOR NO KEY UPDATE;
  SELECT decision INTO body FROM bench.registration WHERE request = p_id;
  IF FOUND THEN RETURN body; END IF;
  SELECT used INTO taken FROM bench.share WHERE event = p_event AND party = p_party;
  IF e.used < e.capacity AND coalesce(taken, 0) < e.maximum THEN
    outcome := 'confirmed'; place := e.used + 1;
    UPDATE bench.event SET used = used + 1 WHERE code = p_event;
    INSERT INTO bench.share VALUES (p_event, p_party, 1) ON CONFLICT (event, party) DO UPDATE SET used = bench.share.used + 1;
  ELSE
    outcome := 'waiting'; place := e.waiting + 1;
    UPDATE bench.event SET waiting = waiting + 1 WHERE code = p_event;
  END IF;
  body := format('{"specversion":"1.0","id":"%s","source":"/bench/postgres","type":"bench.decided.v1","time":"2025-01-01T00:00:00.000Z",'
    '"data":{"event":"%s","party":"%s","name":"%s","email":"%s","state":"%s","place":%s}}', p_id, p_event, p_party, p_name, p_email, outcome, place);
  INSERT INTO bench.registration(request, event, party, name, email, capacity, state, decision)
    VALUES (p_id, p_event, p_party, p_name, p_email, p_capacity, outcome, body);
  RETURN body;
END $$;
