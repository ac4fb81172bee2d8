package eligible_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// randomFacts draws facts with anything missing, empty, negative or not a text at all.
func randomFacts() *rapid.Generator[*eligible.Facts] {
	str := rapid.OneOf(rapid.SampledFrom([]string{"", "view", "purchase", "evaluate", "NO", "bike", "12"}), rapid.StringN(0, 8, 600),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 600), func(b []byte) string { return string(b) }))
	attrs := rapid.MapOfN(str, str, 0, 70)
	when := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "zero") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64().Draw(t, "unix"), rapid.Int64Range(0, 1e9).Draw(t, "ns"))
	})
	return rapid.Custom(func(t *rapid.T) *eligible.Facts {
		f := &eligible.Facts{Now: when.Draw(t, "now")}
		if rapid.Bool().Draw(t, "visitor") {
			f.Visitor = &veiviser.Visitor{
				Visits: rapid.Uint32().Draw(t, "visits"), Events: rapid.Uint32().Draw(t, "events"),
				Value: rapid.Float64().Draw(t, "value"), FirstSeen: when.Draw(t, "first"), LastSeen: when.Draw(t, "last"),
				Attributes: attrs.Draw(t, "attributes"), LinkedIDs: rapid.SliceOfN(str, 0, 3).Draw(t, "linked"),
				Visit: veiviser.Visit{Start: when.Draw(t, "start"), Channel: str.Draw(t, "channel"), Language: str.Draw(t, "language")},
			}
			for range rapid.IntRange(0, 70).Draw(t, "counts") {
				f.Visitor.Counts = append(f.Visitor.Counts, veiviser.TypeCount{Type: str.Draw(t, "type"), Count: 1, Last: when.Draw(t, "at")})
				f.Visitor.Recent = append(f.Visitor.Recent, veiviser.Seen{ItemID: str.Draw(t, "seen"), Count: 1})
			}
		}
		if rapid.Bool().Draw(t, "context") {
			f.Context = &veiviser.Context{Page: str.Draw(t, "page"), Query: str.Draw(t, "query"), Attributes: attrs.Draw(t, "context")}
		}
		if rapid.Bool().Draw(t, "need") {
			f.Need = &veiviser.NeedView{Stage: str.Draw(t, "stage")}
			f.Need.Stages, f.Need.P = rapid.SliceOfN(str, 0, 4).Draw(t, "stages"), rapid.SliceOfN(rapid.Float64(), 0, 4).Draw(t, "p")
		}
		if rapid.Bool().Draw(t, "item") {
			f.Item = &veiviser.Item{ID: str.Draw(t, "id"), Topics: rapid.SliceOfN(str, 0, 70).Draw(t, "topics"), Claims: attrs.Draw(t, "claims")}
			if rapid.Bool().Draw(t, "price") {
				f.Item.Price, f.Item.Stock = &veiviser.Money{Micros: rapid.Int64().Draw(t, "micros")}, new(rapid.Int64().Draw(t, "stock"))
			}
		}
		return f
	})
}

// Every rule of the tables gives the same answer, and no defect, on whatever facts.
func TestAnyFacts(t *testing.T) {
	c := compiler(t)
	var rules []*eligible.Rule
	var costs []func(*eligible.Facts) uint64
	for _, source := range slices.Concat(full, empty) {
		rule, err := c.Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		rules, costs = append(rules, rule), append(costs, eligible.Counter(rule))
	}
	rapid.Check(t, func(t *rapid.T) {
		facts := randomFacts().Draw(t, "facts")
		for i, rule := range rules {
			ok, err := rule.Eval(facts)
			again, errAgain := rule.Eval(facts)
			if ok != again || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
				t.Fatalf("%s: %v, %v, then %v, %v", rule.Source(), ok, err, again, errAgain)
			}
			if err != nil && strings.Contains(err.Error(), "internal error") {
				t.Fatalf("%s: %v", rule.Source(), err)
			}
			if actual := costs[i](facts); actual > rule.Cost() {
				t.Fatalf("%s: cost %d, estimated %d", rule.Source(), actual, rule.Cost())
			}
		}
	})
}

// A compiler and its rules serve many at once.
func TestConcurrent(t *testing.T) {
	c := compiler(t)
	shared, err := c.Compile("item.stages.exists(s, s == need.standard) && now.getHours('Europe/Oslo') == 13")
	if err != nil {
		t.Fatal(err)
	}
	facts := someFacts()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 40 {
				rule, err := c.Compile(full[(i*40+j)%len(full)])
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range []*eligible.Rule{rule, shared} {
					if ok, err := r.Eval(facts); !ok || err != nil {
						t.Errorf("%s = %v, %v", r.Source(), ok, err)
					}
				}
			}
		})
	}
	wg.Wait()
}

// FuzzRule: no source makes the compiler or a rule panic, and whatever is accepted stays within its bounds.
func FuzzRule(f *testing.F) {
	for _, source := range slices.Concat(full, empty) {
		f.Add(source)
	}
	for _, source := range []string{
		"((((", "[[[[", "!!!!true", "a.b.c.d(e)", "'\\u0000' == \"\"", "r'a' == b'a'", "1u + 2u == 3u", "0x7fffffffffffffff + 1 == 0",
		"item.topics.map(a, a + a).map(a, a + a).exists(a, a == '')", "{}.a", "visit{a: 1}", "a ? b : c ? d : e", "`x`.y", "has(a.b)",
		"visit.page.matches('(a?){20}a{20}')", "[1, 2.0, 'x'].exists(x, x == 1)", "visit.attributes[?'a'] == 1", "null == null",
	} {
		f.Add(source)
	}
	c := compiler(f)
	facts := []*eligible.Facts{{}, someFacts(), hugeFacts()}
	f.Fuzz(func(t *testing.T, source string) {
		rule, err := c.Compile(source)
		if took := fastest(50*time.Millisecond, func() { _, _ = c.Compile(source) }); took > 50*time.Millisecond && !raced.On {
			t.Errorf("compiling took %v", took)
		}
		if err != nil {
			e, ok := errors.AsType[*veiviser.Error](err)
			if !ok || e.Kind != veiviser.KindInvalid || len(e.Violations) != 1 || !utf8.ValidString(e.Message) ||
				strings.Contains(e.Message, "internal error") {
				t.Errorf("%q: %#v", source, err)
			}
			return
		}
		for _, f := range facts {
			assertBounded(t, rule, f)
		}
	})
}
