package store

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// versionOneVisitor is a visitor with everything that version 1 of the layout keeps; what later versions keep besides is
// what reading fills in.
func versionOneVisitor() *veiviser.Visitor {
	return &veiviser.Visitor{
		ID: "ada", LinkedIDs: []string{"mail:ada"}, FirstSeen: codecNow.Add(-time.Hour), LastSeen: codecNow, Visits: 3, Events: 300, Value: 12.5,
		Attributes: map[string]string{"country": "NO", "club": "gold"},
		Counts:     []veiviser.TypeCount{{Type: "test_ride", Count: 1, Last: codecNow.Add(-time.Minute), At: 300}, {Type: "view", Count: 299, InVisit: 7, Last: codecNow, At: 300, InVisitAt: 7}},
		Recent:     []veiviser.Seen{{ItemID: "fjell-29", Subject: "bike/mtb", Count: 4, First: codecNow, Last: codecNow}, {Subject: "bike", Count: 1, First: codecNow.Add(-time.Hour), Last: codecNow.Add(-time.Hour)}},
		Visit: veiviser.Visit{
			Start: codecNow.Add(-time.Minute), Last: codecNow, Events: 8, Channel: "web", Device: "mobile", Language: "nb-NO",
			Referrer: "search", Page: "/bikes", Query: "rød sykkel",
		},
		Needs: []veiviser.Need{versionOneNeed()}, Segments: []string{"loyal"}, Stage: veiviser.StageEvaluate,
	}
}

func versionOneNeed() veiviser.Need {
	return veiviser.Need{
		Journey: "considered", Version: 2, Subject: "bike", Started: codecNow.Add(-time.Hour), Updated: codecNow, Events: 9,
		Stages: []string{"look", "compare", "buy"}, P: []float64{0.5, 1.0 / 3, 1.0 / 6},
		Evidence:    []veiviser.Evidence{{Signal: "compared", Time: codecNow, Count: 2, Stage: "compare", Weight: -0.25}},
		VisitEvents: 8, VisitChannel: "web", VisitReferrer: "search",
		Repeats: []veiviser.Repeat{{Type: "view", Count: 7}}, Items: []uint32{1, 4_000_000_000},
	}
}

// versionOneAnswer is an answer with everything that version 1 of the layout keeps.
func versionOneAnswer() *veiviser.Answer {
	return &veiviser.Answer{
		ID: "a-1", Time: codecNow, PlanVersion: 7, Catalog: 11, Seed: [2]uint64{1, 1 << 63},
		Request: veiviser.Request{
			VisitorID:  "ada",
			Context:    veiviser.Context{Channel: "web", Language: "nb", Page: "/bikes", Subject: "bike", Attributes: map[string]string{"weather": "rain"}},
			Placements: []veiviser.PlacementRequest{{Placement: "hero", MaxItems: 2, Candidates: []string{"guide"}, Excluded: []string{"known"}}},
			Preview:    true, NoExploration: true, Explain: true, Time: codecNow,
		},
		Visitor: *versionOneVisitor(),
		Needs: []veiviser.NeedView{
			{
				Need: versionOneNeed(), Stage: "look", Standard: veiviser.StageSearch, ByStandard: [veiviser.NumStandardStages]float64{1: 0.5, 2: 0.25, 3: 0.25},
				Audience: "customer",
			},
			{Need: veiviser.Need{Journey: "quick", Stages: []string{"s"}, P: []float64{1}}, Audience: "press", New: true},
		},
		Segments: []string{"loyal"},
		Decisions: []veiviser.Decision{
			{
				ID: "a-1.0", Placement: "hero", Channel: "web", Need: 1, SilencePropensity: 0.125, Fallback: true,
				Choices: []veiviser.Choice{{
					ItemID: "guide", Kind: veiviser.KindContent, Format: "card", Representation: -1, Score: 0.5, Mean: 0.4, SD: 0.1, Propensity: 0.75,
					Parts:   []veiviser.Part{{Name: "stage:search", Add: 0.4}},
					Reasons: []veiviser.Because{{Code: "FITS_STAGE", About: "look", Journey: "considered"}},
				}},
				RunnersUp: []veiviser.Choice{{ItemID: "fjell-29", Kind: veiviser.KindOffer}},
				Excluded:  []veiviser.Exclusion{{Reason: veiviser.ExcludedStock, Count: 2, Items: []string{"x", "y"}}},
			},
			{ID: "a-1.1", Placement: "side", Need: -1, Silence: veiviser.SilenceNotUseful, SilencePropensity: 1},
		},
		Degraded: "STORE_UNAVAILABLE",
	}
}

func versionOneEntry() *veiviser.LogEntry {
	return &veiviser.LogEntry{
		Time: codecNow, Before: veiviser.Membership{Known: true, Segments: []string{"new"}}, After: veiviser.Membership{Known: true, Stage: veiviser.StagePurchase},
		Event: &veiviser.LoggedEvent{Type: "purchase", Subject: "bike", ItemID: "fjell-29", DecisionID: "a-1.0", Kind: veiviser.KindOffer, Value: 12490},
	}
}

// written is a payload as version 1 wrote it. These files are never written again.
func written(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "version1", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	blob, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(blob)
}

// What was written before the layout had forecasts is still read, and says nothing of them.
func TestVersionOneIsStillRead(t *testing.T) {
	r, err := decodeRecord(written(t, "visitor"), codecNow)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(versionOneVisitor(), r.visitor); d != "" || r.revision != 7 || r.kind != kindVisitor {
		t.Error(r.revision, r.kind, d)
	}
	a, err := decodeAnswer(written(t, "answer"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*versionOneAnswer(), a.answer); d != "" || a.owner != "ada" || a.expires.UnixMilli() != codecNow.UnixMilli() {
		t.Error(a.owner, a.expires, d)
	}
	e, err := decodeEntry(written(t, "entry"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(*versionOneEntry(), e); d != "" {
		t.Error(d)
	}
}

// What an answer says of the rest of a visit is kept as it is: with, with half and without a forecast.
func TestNeedViewRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Make[veiviser.NeedView]().Draw(t, "view")
		want.Need = versionOneNeed() // its own fields are looked at elsewhere
		w := writer{}
		w.needView(&want)
		r := reader{s: string(w.buf), version: codecVersion}
		var got veiviser.NeedView
		r.needView(&got)
		if err := r.done(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, sameBits, emptyIsNil); d != "" {
			t.Fatal(d)
		}
	})
}

// A hostile number of chances does not make the reader allocate for them.
func TestChancesAreBounded(t *testing.T) {
	w := writer{}
	w.uint(1 << 40)
	r := reader{s: string(w.buf), version: codecVersion}
	if got := r.chances(); got != nil || r.done() == nil {
		t.Errorf("%v, %v", got, r.err)
	}
}
