package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var hostileTests = map[string]func(scope){
	"HostileNamesAreApart":     testHostileIDs,
	"HostileTenantsAreApart":   testHostileTenants,
	"RubbishIsCorrupt":         testRubbish,
	"WrongTypesAreCorrupt":     testWrongTypes,
	"UnreadableAnswersAreLeft": testCorruptAnswer,
}

// hostile are names that must neither meet nor harm anything.
var hostile = []string{
	"", "ada", "Ada", "ADA", "ada ", "ada\x00", "\x00", "a:d:a", "{ada}", "}{", "{}", "*", "?", "[a]", "ada}:v:x", "a/b", "../ada",
	"æøå", "\u00e5", "a\u030a", "日本語", "\xff\xfe", "🚲", "\u202eada", "\r\nFLUSHALL\r\n", "$6\r\n", "'; DROP", "vv1:{default/1}:v:x",
	strings.Repeat("x", 128), strings.Repeat("x", 127) + "y", strings.Repeat("é", 64), strings.Repeat("z", 5000),
}

func testHostileIDs(t scope) {
	b := open(t.T, t.target)
	for i, id := range hostile {
		for n := range i + 1 {
			b.must(b.record(b.Store, id, fmt.Sprint(id, n)))
		}
		a := b.answered(id)
		owner, _, err := b.Answer(b.ctx(), a.ID)
		b.must(err)
		if owner != id {
			t.Errorf("%q: the answer is %q's", id, owner)
		}
	}
	for i, id := range hostile {
		l := b.load(id, event(id+"0"))
		if l.Visitor == nil || l.Visitor.ID != id || int(l.Visitor.Events) != i+1 || !l.Duplicate[0] {
			t.Errorf("%q: %+v", id, l)
		}
	}
	for _, k := range b.keys() {
		if strings.Trim(k, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:{}/") != "" {
			t.Errorf("key %q holds what a caller chose", k)
		}
	}
	for i, id := range hostile {
		if i%2 == 0 {
			found, err := b.Erase(b.ctx(), id)
			b.must(err)
			if !found {
				t.Errorf("%q is not found", id)
			}
		}
	}
	for i, id := range hostile {
		if n := b.counted(id); (i%2 == 0) != (n == 0) {
			t.Errorf("%q counts %d after the even ones are erased", id, n)
		}
	}
}

func testHostileTenants(t scope) {
	if !t.target.Shared {
		t.Skip("the embedded server has one tenant")
	}
	var all []*bench
	for _, suffix := range []string{"", "/1}", "{x}", "*", "A", "a", "%41", ":v:"} {
		b := open(t.T, t.target, func(o *Options) { o.Tenant = "tenants" + suffix })
		all = append(all, b)
	}
	for i, b := range all {
		for n := range i + 1 {
			b.must(b.record(b.Store, "ada", fmt.Sprint(n)))
		}
	}
	answer := all[0].answered("ada")
	for i, b := range all {
		if n := b.counted("ada"); n != i+1 {
			t.Errorf("tenant %q counts %d, want %d", b.opts.Tenant, n, i+1)
		}
		if _, _, err := b.Answer(b.ctx(), answer.ID); (i == 0) != (err == nil) {
			t.Errorf("tenant %q asks for the answer of another: %v", b.opts.Tenant, err)
		}
	}
	for _, b := range all {
		_, err := b.Erase(b.ctx(), "ada")
		b.must(err)
	}
}

func testRubbish(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	b.must(b.record(b.Store, "bob", "e1"))
	key := b.recordKey("ada")
	good := b.raw.Get(b.ctx(), key).Val()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bad := make([]byte, rng.IntN(200))
		for i := range bad {
			bad[i] = byte(rng.Uint32())
		}
		if rng.IntN(2) == 0 {
			bad = append([]byte(good[:rng.IntN(len(good))]), bad...)
		}
		if len(bad) == 0 || string(bad) == good {
			continue
		}
		b.raw.Set(b.ctx(), key, bad, 0)
		if _, err := b.Load(b.ctx(), "ada", events("e1")); veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
			t.Fatalf("%q: %v", bad, err)
		}
	}
	if n := b.counted("bob"); n != 1 {
		t.Error("others suffer")
	}
}

func testWrongTypes(t scope) {
	b := open(t.T, t.target)
	c, err := b.fold(b.Store, "ada", events("e1"))
	b.must(err)
	served := veiviser.LogEntry{Time: b.now(), Served: &veiviser.LoggedDecision{DecisionID: "x"}}
	c.Answer, c.Log = b.answerFor("ada"), append(c.Log, served)
	b.must(b.Commit(b.ctx(), c))
	for _, key := range b.keys() {
		if !strings.Contains(key, b.traces("ada")[2]) && !strings.HasSuffix(key, "}:o") && !strings.HasSuffix(key, "}:w") {
			continue
		}
		saved, ttl := b.raw.Dump(b.ctx(), key), b.raw.PTTL(b.ctx(), key).Val()
		b.raw.Del(b.ctx(), key)
		b.raw.HSet(b.ctx(), key, "f", "v")
		_, err := b.Load(b.ctx(), "ada", events("e1"))
		change := c
		if err == nil {
			before := b.dump()
			change, err = b.fold(b.Store, "ada", events("e2"))
			b.must(err)
			change.Answer, change.Log = b.answerFor("ada"), append(change.Log, served)
			err = b.Commit(b.ctx(), change)
			if b.dump() != before {
				t.Errorf("%s of another type: the change was written in part", key)
			}
		}
		if err == nil || veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
			t.Errorf("%s of another type: %v", key, err)
		}
		b.raw.Del(b.ctx(), key)
		if saved.Err() == nil {
			b.raw.Restore(b.ctx(), key, max(0, ttl), saved.Val())
		}
	}
	b.load("ada")
}

func testCorruptAnswer(t scope) {
	b := open(t.T, t.target)
	b.must(b.record(b.Store, "ada", "e1"))
	bad, good := b.answered("ada"), b.answered("ada")
	for _, k := range b.keys() {
		if strings.HasSuffix(k, ":d:"+bad.ID) {
			b.raw.SetRange(b.ctx(), k, 20, "\x00\xff\x00")
		}
	}
	_, _, err := b.Answer(b.ctx(), bad.ID)
	b.wantReason(err, veiviser.ReasonCorruptRecord)
	l := b.load("ada", veiviser.Event{ID: "o1", DecisionID: bad.ID + ".0"}, veiviser.Event{ID: "o2", DecisionID: good.ID + ".0"})
	if len(l.Outcomes) != 1 {
		t.Errorf("%d outcomes, want 1", len(l.Outcomes))
	}
	if all, err := b.Answers(b.ctx(), "ada"); err != nil || len(all) != 1 {
		t.Errorf("%d answers, %v", len(all), err)
	}
}

func redisZ(score int64, member string) redis.Z {
	return redis.Z{Score: float64(score), Member: member}
}

func addTo(key string, values map[string]any) *redis.XAddArgs {
	return &redis.XAddArgs{Stream: key, Values: values}
}
