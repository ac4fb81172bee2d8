package eligible_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

func Example() {
	compiler, err := eligible.NewCompiler()
	if err != nil {
		panic(err)
	}
	rule, err := compiler.Compile("visitor.count('purchase') > 0 && item.kind != 'offer'")
	if err != nil {
		panic(err)
	}
	ok, err := rule.Eval(&eligible.Facts{
		Visitor: &veiviser.Visitor{Counts: []veiviser.TypeCount{{Type: "purchase", Count: 1}}},
		Item:    &veiviser.Item{Kind: veiviser.KindService},
	})
	fmt.Println(ok, err, rule.UsesItem(), rule.UsesNeed(), rule.EventTypes())

	_, err = compiler.Compile("visit.events > 1 && visitor.vists > 3")
	if e, ok := errors.AsType[*veiviser.Error](err); ok {
		fmt.Println(e.Message)
	}
	// Output:
	// true <nil> true false [purchase]
	// line 1, column 21: unknown name "visitor.vists", did you mean "visitor.visits"?
}

func compiler(tb testing.TB) *eligible.Compiler {
	tb.Helper()
	c, err := eligible.NewCompiler()
	if err != nil {
		tb.Fatal(err)
	}
	c.Tiers = []veiviser.Tier{{ID: "everyday", From: 1000}, {ID: "all-year", From: 2000}}
	return c
}

func now() time.Time { return time.Date(2026, 11, 22, 12, 30, 15, 0, time.UTC) } // a Sunday

// someFacts are facts of which every name has a value of its own.
func someFacts() *eligible.Facts {
	stock := int64(3)
	return &eligible.Facts{
		Visitor: &veiviser.Visitor{
			ID: "v-1", LinkedIDs: []string{"v-2", "v-3"}, Visits: 4, Events: 31, Value: 1200.5,
			FirstSeen: now().Add(-900 * time.Hour), LastSeen: now().Add(-time.Second),
			Attributes: map[string]string{"country": "NO", "class": "b"},
			Standing: veiviser.Standing{
				Relation: veiviser.Relation{Source: "search", FirstOrder: now().Add(-100 * time.Hour), Rung: "rider"},
				Cases:    []veiviser.Case{{ID: "c1"}, {ID: "c2", Resolved: now()}},
				Orders:   []veiviser.Order{{Promised: now().Add(-time.Hour)}, {Promised: now().Add(time.Hour)}},
			},
			Counts: []veiviser.TypeCount{
				{Type: "compare", Count: 3, InVisit: 1, Last: now()},
				{Type: "purchase", Count: 1, Last: now().Add(-100 * time.Hour)},
				{Type: "review", Count: 1, Last: now().Add(time.Hour)},
				{Type: "view", Count: 27, InVisit: 5, Last: now()},
			},
			Recent: []veiviser.Seen{{ItemID: "fjell-29", Subject: "bike", Count: 2}, {Subject: "bike", Count: 5}},
			Visit: veiviser.Visit{
				Start: now().Add(-time.Minute), Events: 6, Channel: "web", Device: "phone", Language: "sv-SE",
				Referrer: "search", Page: "/old", Query: "old",
			},
		},
		Context: &veiviser.Context{
			Channel: "app", Language: "nn-NO", Page: "/bikes/fjell-29", Subject: "bike/ebike",
			Attributes: map[string]string{"weather": "rain"},
		},
		Need: &veiviser.NeedView{
			Need: veiviser.Need{
				Journey: "considered", Subject: "bike/ebike", Events: 12, Started: now().Add(-48 * time.Hour),
				Updated: now().Add(-time.Hour), Stages: []string{"look", "weigh", "search"}, P: []float64{0.2, 0.7, 0.1},
			},
			Stage: "weigh", Standard: veiviser.StageEvaluate, Audience: "customer", New: true,
			ByStandard: [veiviser.NumStandardStages]float64{0, 0.3, 0.7},
		},
		Item: &veiviser.Item{
			ID: "fjell-29", Kind: veiviser.KindOffer, Topics: []string{"bike/ebike", "service"},
			Stages: []veiviser.StandardStage{veiviser.StageEvaluate, veiviser.StagePurchase},
			Value:  90, Cost: 2.5, Boost: -0.1, Stock: &stock, Price: &veiviser.Money{Currency: "NOK", Micros: 29_990_500_000},
			Claims: map[string]string{"range_km": "120"}, Attributes: map[string]string{"colour": "red"},
		},
		Now: now(),
	}
}

func BenchmarkEval(b *testing.B) {
	c := compiler(b)
	for _, bb := range []struct{ name, source string }{
		{"simple", "visitor.visits >= 3 && visit.channel == 'app'"},
		{"functions", "visitor.count('purchase') > 0 && visitor.since('purchase') > duration('72h') && need.p('evaluate') > 0.5"},
		{"attributes", "visit.attributes.get('weather') == 'rain' && visitor.attributes.country in ['NO', 'SE'] && item.price < 30000.0"},
		{"loop", "item.topics.exists(t, t.startsWith('bike')) && visit.page.matches('^/bikes/.*')"},
		{"counted", "item.topics.exists(t, visit.page == t + '/x') || visitor.known"},
	} {
		rule, err := c.Compile(bb.source)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bb.name, func(b *testing.B) {
			facts := someFacts()
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := rule.Eval(facts); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	c := compiler(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compile("visitor.count('purchase') > 0 && visit.channel == 'app' && need.p('evaluate') > 0.5"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewCompiler(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		compiler(b)
	}
}
