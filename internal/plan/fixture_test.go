package plan

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// noon is when tests take place.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// bikes is a small plan in which everything is right and every kind of thing occurs.
func bikes() *veiviser.Plan {
	return &veiviser.Plan{
		Name: "Bikes", Languages: []string{"nb", "sv", "en"}, EventTypes: []string{"test_ride"},
		Journeys: []veiviser.Journey{{
			ID: "considered", Version: 2, Name: veiviser.Text{"nb": "Nøye valg", "en": "Considered"}, Subjects: []string{"bike"},
			StartsOn: []veiviser.Match{{Types: []string{"view", "search"}}},
			Stages: []veiviser.Stage{
				{ID: "look", Standard: veiviser.StageSearch, Name: veiviser.Text{"nb": "Ser seg om"}, Prior: 0.8, Rest: 0.5},
				{ID: "compare", Standard: veiviser.StageEvaluate, Prior: 0.2, Rest: 0.5},
				{ID: "buy", Standard: veiviser.StagePurchase},
			},
			Transitions: []veiviser.Transition{
				{From: "look", To: "compare", Rate: 0.2},
				{From: "compare", To: "buy", Rate: 0.1},
				{From: "buy", To: "look", Rate: 0.3},
			},
			Signals: []veiviser.Signal{{
				ID: "compared", Match: veiviser.Match{Types: []string{"compare"}, MinRepeat: 2, MinPause: time.Second, MaxPause: time.Hour},
				Likelihood: map[string]float64{"compare": 3, "look": 0.5}, Text: veiviser.Text{"nb": "Du sammenlignet"},
			}},
			HalfLife: time.Hour, UnsureBelow: 0.5, StageMappings: []veiviser.StageMapping{{From: "old", To: "look"}},
			MeanEvents: 12, Forecast: veiviser.Forecast{
				Covariates: []veiviser.Covariate{{ID: "visit_events", Mean: 1, SD: 0.5}, {ID: "pace.test_ride", Mean: -2, SD: 1}, {ID: "stage.buy", SD: 2}},
				Heads: []veiviser.ForecastHead{
					{Type: "purchase", Bias: -3, Weights: map[string]float64{"visit_events": 0.1, "pace.test_ride": 0.5}},
					{Type: "purchase", Next: true, Bias: -4, Weights: map[string]float64{"stage.buy": 1}},
					{Next: true, Bias: 1},
				},
				Subjects: []veiviser.SubjectTrait{{Subject: "bike/mtb", Events: 812, Rates: map[string]float64{"purchase": 0.2, "test_ride": -0.1}}},
			},
			Fitted: veiviser.Provenance{
				Source: "clicks", Rows: 3000, Events: 2900, Visitors: 150, From: noon.Add(-48 * time.Hour), To: noon, Seed: 7,
				Figures: map[string]float64{"purchase.auc": 0.9},
			},
		}},
		Segments: []veiviser.Segment{
			{ID: "loyal", Name: veiviser.Text{"nb": "Trofaste"}, Rule: "visitor.visits > 3"},
			{ID: "riders", Rule: "visitor.count('test_ride') > 0"},
		},
		Placements: []veiviser.Placement{
			{
				ID: "hero", Name: veiviser.Text{"nb": "Topp"}, Channel: "web", Formats: []string{"banner", "card"}, Slots: 2,
				Rule: "visit.events < 100", Fallback: []string{"guide"}, AttentionCost: new(0.05), Exploration: new(0.5),
			},
			{ID: "help", Channel: "app", Formats: []string{"card"}, Objective: ObjectiveCare, Kinds: []veiviser.ItemKind{veiviser.KindService, veiviser.KindContent}},
		},
		Items: []veiviser.Item{
			{
				ID: "guide", Kind: veiviser.KindContent, Name: veiviser.Text{"nb": "Guide"}, Status: veiviser.StatusLive,
				Topics: []string{"bike"}, Stages: []veiviser.StandardStage{veiviser.StageSearch},
				Attributes:      map[string]string{"level": "easy"},
				Representations: []veiviser.Representation{{Format: "card", Language: "nb", Title: "Slik velger du"}, {Format: "card", Language: "sv"}},
			},
			{
				ID: "fjell-29", Kind: veiviser.KindOffer, Topics: []string{"bike/mtb"}, Segments: []string{"loyal"}, Journeys: []string{"considered"},
				Rule: "item.price > 10.0", Start: noon.Add(-time.Hour), End: noon.Add(time.Hour), Stock: new(int64(3)), Value: 100, Cost: 10,
				Boost: 0.1, Price: &veiviser.Money{Currency: "NOK", Micros: 12_490_000_000}, Claims: map[string]string{"range_km": "120"},
				Representations: []veiviser.Representation{{Format: "banner", Channels: []string{"web"}, URL: "/bikes/fjell-29"}},
			},
		},
		Policy: veiviser.Policy{
			AttentionCost: 0.02, Diversity: 0.1, OffStage: 0.3, ValueWeight: 0.2, UnsureKinds: []veiviser.ItemKind{veiviser.KindContent},
			Priors:  []veiviser.ResponsePrior{{Mean: 0.1}, {Kind: veiviser.KindOffer, Stage: veiviser.StagePurchase, Mean: 0.3, Strength: 20}},
			Effects: []veiviser.ResponseEffect{{Segment: "loyal", ItemID: "guide", Add: 0.1, SD: 0.05}, {Topic: "bike", Channel: "web", Format: "card", Add: -0.1}},
			Weights: []veiviser.ContextWeight{
				{Name: "more-help", Kind: veiviser.KindService, Channel: "app", Weight: 1.2},
				{Name: "loyal-mtb", Topic: "bike/mtb", Segment: "loyal", Placement: "hero", Weight: 0.5},
			},
			Learning: veiviser.Learning{
				Outcomes: []veiviser.OutcomeRule{
					{Type: "click", Weight: 0.2, Window: time.Hour},
					{Type: "dismiss", Weight: -0.2, Window: time.Hour},
					{Type: "test_ride", Weight: 1, Window: 72 * time.Hour},
				},
				ProgressWeight: new(2.0), ProgressWindow: time.Hour, HalfLife: 240 * time.Hour, Exploration: new(0.8),
				Crosses: []veiviser.Cross{{Attributes: []string{"kind", "stage"}, SD: 0.05}, {Attributes: []string{"item", "segment", "device"}}},
			},
			Control: veiviser.Control{Share: new(0.1), Window: 48 * time.Hour, Outcome: "test_ride"},
			Gate:    veiviser.Gate{MinRows: 1000, MaxLoss: 0.01},
		},
	}
}

// vary draws a plan like bikes with other items and placements.
func vary(t *rapid.T) *veiviser.Plan {
	p := bikes()
	p.Journeys = append(p.Journeys, p.Journeys[0])
	p.Journeys[1].ID = "quick"
	p.Items = rapid.SliceOfNDistinct(rapid.Custom(anyItem), 0, 90, func(it veiviser.Item) string { return it.ID }).Draw(t, "items")
	p.Placements = rapid.SliceOfN(rapid.Custom(anyPlacement), 1, 3).Draw(t, "placements")
	for i := range p.Placements {
		p.Placements[i].ID = fmt.Sprintf("p%d", i)
	}
	p.Policy.Effects = []veiviser.ResponseEffect{{Segment: "loyal", Add: 0.1, SD: 0.05}, {Topic: "bike", Format: "card", Add: -0.1}}
	return p
}

// sometimes draws up to n of words, most often none.
func sometimes(t *rapid.T, name string, n int, words ...string) []string {
	if rapid.IntRange(0, 2).Draw(t, name+"?") > 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, n, rapid.ID).Draw(t, name)
}

var itemRules = []string{
	"", "", "", "", "visitor.visits > 3", "need.subject == 'bike'", "item.price > 10.0", "visitor.visits > int(item.value)", "syntax error(",
	"visitor.attributes['missing'] == 'x'", "item.attributes['missing'] == 'x'",
}

func anyItem(t *rapid.T) veiviser.Item {
	it := veiviser.Item{
		ID: rapid.StringMatching(`[a-c]{1,4}`).Draw(t, "id"), Kind: rapid.SampledFrom(kinds()).Draw(t, "kind"),
		Status:    rapid.SampledFrom([]veiviser.ItemStatus{"", "live", "live", "draft"}).Draw(t, "status"),
		Topics:    sometimes(t, "topics", 2, "bike", "bike/mtb", "bike/mtb/hard", "bikes", "boat", "*", "bike/*", "/x"),
		Journeys:  sometimes(t, "journeys", 2, "considered", "quick"),
		Audiences: sometimes(t, "audiences", 2, "customer", "press"),
		Segments:  sometimes(t, "segments", 2, "loyal", "riders"),
		Rule:      rapid.SampledFrom(itemRules).Draw(t, "rule"),
		Duty:      rapid.SampledFrom([]veiviser.Duty{"", "", "", "transactional", "mandatory"}).Draw(t, "duty"),
		Value:     float64(rapid.IntRange(0, 8).Draw(t, "value")),
	}
	if d := rapid.IntRange(-3, 3).Draw(t, "start"); d != 0 && rapid.Bool().Draw(t, "starts") {
		it.Start = noon.Add(time.Duration(d) * time.Hour)
	}
	if d := rapid.IntRange(-3, 3).Draw(t, "end"); d != 0 && rapid.Bool().Draw(t, "ends") {
		it.End = noon.Add(time.Duration(d) * time.Hour)
	}
	if n := rapid.IntRange(-2, 2).Draw(t, "stock"); n >= 0 {
		it.Stock = new(int64(n))
	}
	if rapid.Bool().Draw(t, "priced") {
		it.Price = &veiviser.Money{Currency: "NOK", Micros: rapid.Int64Range(1, 20).Draw(t, "price") * 1e6}
	}
	it.Representations = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) veiviser.Representation {
		return veiviser.Representation{
			Format:   rapid.SampledFrom([]string{"card", "card", "banner", "mail"}).Draw(t, "format"),
			Language: rapid.SampledFrom([]string{"", "nb", "nb", "sv", "en-GB", "no"}).Draw(t, "language"),
			Channels: sometimes(t, "channels", 2, "web", "app"),
		}
	}), 1, 3).Draw(t, "representations")
	return it
}

func anyPlacement(t *rapid.T) veiviser.Placement {
	return veiviser.Placement{
		Channel:   rapid.SampledFrom([]string{"web", "app", "kiosk"}).Draw(t, "channel"),
		Formats:   rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"card", "banner"}), 1, 2, rapid.ID).Draw(t, "formats"),
		Kinds:     rapid.SampledFrom([][]veiviser.ItemKind{nil, nil, {"content"}, {"offer", "service"}}).Draw(t, "kinds"),
		Objective: rapid.SampledFrom([]string{"", "progress", "care", "inform"}).Draw(t, "objective"),
	}
}

// anyQuery draws what may be asked of a snapshot.
func anyQuery(t *rapid.T, s *Snapshot) *Query {
	place, _ := s.Placement(rapid.SampledFrom(s.Plan.Placements).Draw(t, "placement").ID)
	var ids []string
	for _, e := range s.Catalog.entries {
		ids = append(ids, e.item.ID)
	}
	named := func(name string) []string {
		return sometimes(t, name, 4, append(ids, "unheard-of", "other")...)
	}
	need := veiviser.NeedView{}
	need.Subject = "bike"
	for i := range need.ByStandard {
		need.ByStandard[i] = rapid.Float64Range(0, 1).Draw(t, "p")
	}
	q := &Query{
		Placement: place, Language: rapid.SampledFrom([]string{"", "nb-NO", "sv", "en", "nn", "fi"}).Draw(t, "language"),
		Channel:  rapid.SampledFrom([]string{"", "", "", "web", "phone"}).Draw(t, "channel"),
		Subject:  rapid.SampledFrom([]string{"", "bike", "bike/mtb", "bike/mtb/hard/29", "bikes", "boat/*", "x", "*", "/x/y", "bike/*"}).Draw(t, "subject"),
		Audience: rapid.SampledFrom([]string{"", "customer", "press"}).Draw(t, "audience"),
		Journey:  rapid.SampledFrom([]string{"", "considered", "quick"}).Draw(t, "journey"),
		Unsure:   rapid.Bool().Draw(t, "unsure"), Segments: sometimes(t, "in", 2, "loyal", "riders"),
		Now: noon.Add(time.Duration(rapid.IntRange(-4, 4).Draw(t, "now")) * time.Hour), Explain: rapid.Bool().Draw(t, "explain"),
		Candidates: named("candidates"), Excluded: named("excluded"),
	}
	if n := len(ids); n > 0 {
		for range rapid.IntRange(0, 2).Draw(t, "taken") {
			q.Taken = append(q.Taken, int32(rapid.IntRange(0, n-1).Draw(t, "slot")))
		}
	}
	visitor := &veiviser.Visitor{Visits: uint32(rapid.IntRange(0, 8).Draw(t, "visits"))}
	q.Facts = &eligible.Facts{Visitor: visitor, Need: &need, Now: q.Now}
	return q
}

func compiled(tb testing.TB, p *veiviser.Plan) *Snapshot {
	tb.Helper()
	s, err := Compile(1, p)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
