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

// versionTwoVisitor adds to the visitor of version 1 what version 2 keeps besides.
func versionTwoVisitor() *veiviser.Visitor {
	v := versionOneVisitor()
	c := &v.Counts[1]
	c.At, c.InVisitAt, c.Pace, c.Visits, c.Ahead, c.Lately, c.Delay = 299, 6, 7.25, 2.5, 1.125, [2]float64{3.5, 4.75}, 11.5
	v.Recent[0].First, v.Recent[0].InVisit, v.Recent[0].Acts = codecNow.Add(-time.Hour), 3, veiviser.ActOf("view")|veiviser.ActOf("compare")
	v.Moment = veiviser.Moment{
		Type: "view", Before: "search", Subject: "bike/mtb", Pause: time.Second, ItemEvents: 4, ItemInVisit: 3, SubjectEvents: 5,
		SubjectInVisit: 4, ItemActs: 1, SubjectActs: 3, ItemAge: time.Minute, Run: 2, Items: 6, Subjects: 1,
	}
	v.Past = veiviser.Past{Visits: 1.5, Events: 40.25, Active: 20.5, Lately: [2]float64{1, 2}, NewItems: 9, Gap: 26 * time.Hour}
	v.Sequels.Events[1], v.Sequels.Now[0], v.Sequels.Ahead[2][8], v.Sequels.Open[0][3] = 3, 4, 5, 6
	v.Needs = []veiviser.Need{versionTwoNeed()}
	return v
}

func versionTwoNeed() veiviser.Need {
	n := versionOneNeed()
	n.Standard = []veiviser.StandardStage{veiviser.StageSearch, veiviser.StageEvaluate, veiviser.StagePurchase}
	return n
}

// versionTwoAnswer is an answer with everything that version 2 of the layout keeps.
func versionTwoAnswer() *veiviser.Answer {
	a := versionOneAnswer()
	a.Visitor = *versionTwoVisitor()
	n := &a.Needs[0]
	n.Need, n.Value, n.EventsToNext = versionTwoNeed(), 0.25, 3.5
	n.Forecast = &veiviser.VisitForecast{
		Later: []veiviser.Chance{{Type: "purchase", P: 0.125}, {Type: "cart_add", P: 0.25}}, Next: []veiviser.Chance{{Type: "view", P: 0.75}}, End: 0.25,
	}
	return a
}

// written is a payload as an older version wrote it. These files are never written again.
func written(t *testing.T, version, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", version, name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	blob, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return string(blob)
}

// What older versions wrote is still read, and says nothing of what came to be kept later.
func TestOlderVersionsAreStillRead(t *testing.T) {
	for _, c := range []struct {
		version string
		visitor *veiviser.Visitor
		answer  *veiviser.Answer
		entry   *veiviser.LogEntry
	}{
		{"version1", versionOneVisitor(), versionOneAnswer(), versionOneEntry()},
		{"version2", versionTwoVisitor(), versionTwoAnswer(), versionTwoEntry()},
	} {
		r, err := decodeRecord(written(t, c.version, "visitor"), codecNow)
		if err != nil {
			t.Fatal(c.version, err)
		}
		if d := cmp.Diff(c.visitor, r.visitor); d != "" || r.revision != 7 || r.kind != kindVisitor {
			t.Error(c.version, r.revision, r.kind, d)
		}
		a, err := decodeAnswer(written(t, c.version, "answer"))
		if err != nil {
			t.Fatal(c.version, err)
		}
		if d := cmp.Diff(*c.answer, a.answer); d != "" || a.owner != "ada" || a.expires.UnixMilli() != codecNow.UnixMilli() {
			t.Error(c.version, a.owner, a.expires, d)
		}
		e, err := decodeEntry(written(t, c.version, "entry"))
		if err != nil {
			t.Fatal(c.version, err)
		}
		if d := cmp.Diff(*c.entry, e); d != "" {
			t.Error(c.version, d)
		}
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

// versionTwoEntry is a line with everything that versions 1 and 2 of the layout keep.
func versionTwoEntry() *veiviser.LogEntry {
	e := versionOneEntry()
	e.Event.Channel, e.Event.Placement, e.Event.Format = "web", "hero", "card"
	e.Served = &veiviser.LoggedDecision{
		DecisionID: "a-1.0", Placement: "hero", Channel: "web", Silent: true,
		Choices: []veiviser.LoggedChoice{{ItemID: "guide", Kind: veiviser.KindContent, Format: "card", Propensity: 0.75}, {ItemID: "fjell-29", Propensity: 0.5}},
	}
	return e
}
