package store

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
)

var codecNow = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

// fill sets every exported field below v to something that is not its zero value, and different each time.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(codecNow.Add(time.Duration(*n) * time.Millisecond)))
			return
		}
		for _, field := range v.Fields() {
			fill(field, n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(k, n)
			fill(e, n)
			v.SetMapIndex(k, e)
		}
	case reflect.String:
		v.SetString("s" + strings.Repeat("x", *n%7) + string(rune('a'+*n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(-*n))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(*n) / 7)
	default:
		panic("a kind of field the codec tests do not know: " + v.Kind().String())
	}
}

func filled[T any]() *T {
	v, n := new(T), 0
	fill(reflect.ValueOf(v).Elem(), &n)
	return v
}

// The next four fail when a field is added to the vocabulary that the codec does not keep.

func TestEveryFieldOfVisitorIsKept(t *testing.T) {
	want := filled[veiviser.Visitor]()
	blob, err := EncodeVisitor(want, codecNow)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeVisitor(blob, codecNow.Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEveryFieldOfAnswerIsKept(t *testing.T) {
	want := filled[veiviser.Answer]()
	blob, err := encodeAnswer(want, "owner", codecNow)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeAnswer(string(blob))
	if err != nil {
		t.Fatal(err)
	}
	want.Request.Events = nil // they are folded into the visitor and not kept again
	if d := cmp.Diff(*want, got.answer); d != "" {
		t.Error(d)
	}
	if got.owner != "owner" || got.expires.UnixMilli() != codecNow.UnixMilli() {
		t.Errorf("owner %q, expires %v", got.owner, got.expires)
	}
}

func TestEveryFieldOfLogEntryIsKept(t *testing.T) {
	want := filled[veiviser.LogEntry]()
	got, err := decodeEntry(string(encodeEntry(want)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*want, got); d != "" {
		t.Error(d)
	}
	size := len(encodeEntry(want))
	want.After = want.Before // is written short
	same := encodeEntry(want)
	if got, err = decodeEntry(string(same)); err != nil || len(same) >= size {
		t.Error(err, len(same))
	}
	if d := cmp.Diff(*want, got); d != "" {
		t.Error(d)
	}
}

func TestEveryFieldOfClosedDecisionIsKept(t *testing.T) {
	want := filled[veiviser.ClosedDecision]()
	got, err := decodeClosed(string(encodeClosed(want)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*want, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"", "rubbish", string(encodeClosed(want)[1:])} {
		if _, err := decodeClosed(bad); veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestPendingAliasIsKept(t *testing.T) {
	want := record{
		kind: kindPending, revision: 7, expires: time.UnixMilli(codecNow.UnixMilli()), target: "ada", token: "12345678",
		seen: "abcdefgh", visitor: filled[veiviser.Visitor](),
	}
	blob, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeRecord(string(blob), codecNow.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(record{})); d != "" {
		t.Error(d)
	}
}

// genTime draws times near and far, and the zero time.
func genTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		switch rapid.IntRange(0, 3).Draw(t, "era") {
		case 0:
			return time.Time{}
		case 1:
			return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "sec"), rapid.Int64Range(0, 999999999).Draw(t, "nsec")).UTC()
		default:
			return codecNow.Add(time.Duration(rapid.Int64Range(-1e17, 1e17).Draw(t, "off")))
		}
	})
}

func TestVisitorRoundTrip(t *testing.T) {
	gen := rapid.Custom(func(t *rapid.T) veiviser.Visitor {
		v := rapid.Make[veiviser.Visitor]().Draw(t, "visitor")
		for _, p := range []*time.Time{&v.FirstSeen, &v.LastSeen, &v.Visit.Start, &v.Visit.Last} {
			*p = genTime().Draw(t, "time")
		}
		for i := range v.Needs {
			v.Needs[i].Started, v.Needs[i].Updated = genTime().Draw(t, "time"), genTime().Draw(t, "time")
			for j := range v.Needs[i].Evidence {
				v.Needs[i].Evidence[j].Time = genTime().Draw(t, "time")
			}
			for j := range v.Needs[i].Words {
				w := &v.Needs[i].Words[j]
				w.Time, w.Updated = genTime().Draw(t, "time"), genTime().Draw(t, "time")
			}
		}
		for i := range v.Counts {
			v.Counts[i].Last = genTime().Draw(t, "time")
		}
		for i := range v.Recent {
			v.Recent[i].Last = genTime().Draw(t, "time")
		}
		return v
	})
	rapid.Check(t, func(t *rapid.T) {
		want := gen.Draw(t, "v")
		w := writer{}
		w.visitor(&want)
		r := reader{s: string(w.buf), version: codecVersion}
		var got veiviser.Visitor
		r.visitor(&got)
		if err := r.done(); err != nil {
			t.Fatal(err)
		}
		w2 := writer{}
		w2.visitor(&got)
		if string(w.buf) != string(w2.buf) {
			t.Fatal("not the same bytes again")
		}
		if d := cmp.Diff(want, got, sameBits, emptyIsNil); d != "" {
			t.Fatal(d)
		}
	})
}

var (
	sameBits   = cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
	emptyIsNil = cmp.FilterPath(func(p cmp.Path) bool {
		k := p.Last().Type().Kind()
		return k == reflect.Slice || k == reflect.Map
	}, cmp.FilterValues(func(a, b any) bool {
		return reflect.ValueOf(a).Len() == 0 && reflect.ValueOf(b).Len() == 0
	}, cmp.Ignore()))
)

func TestTimes(t *testing.T) {
	for _, want := range []time.Time{
		{},
		codecNow, time.Unix(0, 0).UTC(), time.Unix(0, math.MaxInt64).UTC(), time.Unix(0, math.MinInt64).UTC(),
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(2249, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(1701, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		for _, base := range []int64{0, codecNow.UnixNano(), math.MinInt64, math.MaxInt64} {
			w := writer{base: base}
			w.time(want)
			r := reader{s: string(w.buf), base: base}
			if got := r.time(); r.done() != nil || !got.Equal(want) || got.IsZero() != want.IsZero() {
				t.Errorf("base %d: %v became %v, %v", base, want, got, r.err)
			}
		}
	}
}

func TestDictionary(t *testing.T) {
	seen := map[string]bool{}
	for i, w := range dictionary {
		if seen[w] {
			t.Errorf("%q is in the dictionary twice", w)
		}
		seen[w] = true
		if got, ok := lookup(w); !ok || got != uint64(i) {
			t.Errorf("lookup(%q) = %d, %v", w, got, ok)
		}
	}
	for _, s := range veiviser.StandardStages() {
		if !seen[string(s)] {
			t.Errorf("stage %q is not in the dictionary", s)
		}
	}
	for _, s := range []string{
		string(veiviser.GroupTreated), string(veiviser.GroupControl), string(veiviser.SilenceControl),
		string(veiviser.ExplorationOn), string(veiviser.ExplorationSpared), string(veiviser.ExplorationOffRequest),
		string(veiviser.ExplorationBuying), string(veiviser.ExplorationComplaining),
	} {
		if !seen[s] {
			t.Errorf("%q is not in the dictionary", s)
		}
	}
	for _, s := range veiviser.StandardEventTypes() {
		if !seen[s] {
			t.Errorf("event type %q is not in the dictionary", s)
		}
	}
}

// TestDamage cuts and flips every byte: damage is found, and never mistaken for something else.
func TestDamage(t *testing.T) {
	blob, err := EncodeVisitor(filled[veiviser.Visitor](), codecNow)
	if err != nil {
		t.Fatal(err)
	}
	before := codecNow.Add(-time.Hour)
	for i := 1; i < len(blob); i++ {
		if _, err := DecodeVisitor(blob[:i], before); veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	for i := headerBytes; i < len(blob); i++ {
		for bit := range 8 {
			bad := []byte(blob)
			bad[i] ^= 1 << bit
			if _, err := DecodeVisitor(string(bad), before); veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
				t.Fatalf("bit %d of byte %d: %v", bit, i, err)
			}
		}
	}
}

func TestOtherVersionIsCorrupt(t *testing.T) {
	r := record{kind: kindVisitor, revision: 1, visitor: &veiviser.Visitor{}}
	blob, _ := r.encode()
	for _, version := range []byte{0, codecVersion + 1, 255} {
		w := writer{buf: blob[: len(blob)-4 : len(blob)-4]}
		w.buf[headerBytes+1] = version
		w.seal(headerBytes)
		if _, err := decodeRecord(string(w.buf), codecNow); veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
			t.Error(version, err)
		}
	}
}

// reseal gives fuzzed bytes a right checksum, so that the decoder behind it is reached.
func reseal(body []byte) string {
	w := writer{buf: append([]byte(nil), body...)}
	w.seal(0)
	return string(w.buf)
}

func FuzzRecord(f *testing.F) {
	for _, r := range []record{
		{kind: kindVisitor, revision: 1, visitor: filled[veiviser.Visitor]()},
		{kind: kindAlias, revision: 1, target: "ada"},
		{kind: kindPending, revision: 1, target: "ada", token: "12345678", visitor: filled[veiviser.Visitor]()},
	} {
		blob, _ := r.encode()
		f.Add(blob[headerBytes : len(blob)-4])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		header := "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"
		r, err := decodeRecord(header+reseal(body), codecNow)
		if err != nil {
			if veiviser.ReasonOf(err) != veiviser.ReasonCorruptRecord {
				t.Fatal(err)
			}
			return
		}
		if _, err := r.encode(); err != nil {
			t.Fatal("what was read cannot be written:", err)
		}
		_, _ = decodeRecord(string(body), codecNow)
	})
}

func FuzzAnswer(f *testing.F) {
	blob, _ := encodeAnswer(filled[veiviser.Answer](), "ada", codecNow)
	f.Add(blob[:len(blob)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		if k, err := decodeAnswer(reseal(body)); err == nil {
			if _, err := encodeAnswer(&k.answer, k.owner, k.expires); err != nil {
				t.Fatal("what was read cannot be written:", err)
			}
		}
	})
}

func FuzzLogEntry(f *testing.F) {
	blob := encodeEntry(filled[veiviser.LogEntry]())
	f.Add(blob[:len(blob)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		if e, err := decodeEntry(reseal(body)); err == nil {
			encodeEntry(&e)
		}
	})
}

func FuzzClosedDecision(f *testing.F) {
	blob := encodeClosed(filled[veiviser.ClosedDecision]())
	f.Add(blob[:len(blob)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		if c, err := decodeClosed(reseal(body)); err == nil {
			encodeClosed(&c)
		}
	})
}
