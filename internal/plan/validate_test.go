package plan

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

func TestRightPlans(t *testing.T) {
	for _, v := range Validate(bikes()) {
		t.Error(v)
	}
	if len(Validate(nil)) == 0 || len(Validate(&veiviser.Plan{})) == 0 {
		t.Error("an empty plan is right")
	}
}

// wrongPlans is every way to get a plan wrong: what is changed in bikes, and what must be said about which field.
var wrongPlans = []struct {
	change func(p *veiviser.Plan)
	field  string
	says   string
}{
	{func(p *veiviser.Plan) { p.Name = strings.Repeat("x", 201) }, "name", "at most 200"},
	{func(p *veiviser.Plan) { p.Languages = nil }, "languages", "at least one language"},
	{func(p *veiviser.Plan) { p.Languages[1] = "nb-NO" }, "languages[1]", `write "nb"`},
	{func(p *veiviser.Plan) { p.Languages[2] = "sv" }, "languages[2]", "twice"},
	{func(p *veiviser.Plan) { p.EventTypes[0] = "view" }, "event_types[0]", "standard event type"},
	{func(p *veiviser.Plan) { p.EventTypes[0] = "Test ride" }, "event_types[0]", "lower-case"},
	{func(p *veiviser.Plan) { p.EventTypes = append(p.EventTypes, "test_ride") }, "event_types[1]", "twice"},
	{func(p *veiviser.Plan) { p.Journeys = nil }, "journeys", "at least one journey"},
	{func(p *veiviser.Plan) { p.Placements = nil }, "placements", "at least one placement"},
	{func(p *veiviser.Plan) { p.Items = make([]veiviser.Item, maxItems+1) }, "items", "at most 10000"},

	{func(p *veiviser.Plan) { p.Journeys[0].ID = "" }, "journeys[0].id", "missing"},
	{func(p *veiviser.Plan) { p.Journeys[0].ID = "9lives" }, "journeys[0].id", "must begin"},
	{func(p *veiviser.Plan) { p.Journeys[0].ID = strings.Repeat("x", 65) }, "journeys[0].id", "at most 64"},
	{func(p *veiviser.Plan) { p.Journeys = append(p.Journeys, p.Journeys[0]) }, "journeys[1].id", "taken"},
	{func(p *veiviser.Plan) { p.Journeys[0].Audience = "custommer" }, "journeys[0].audience", `did you mean "customer"?`},
	{func(p *veiviser.Plan) { delete(p.Journeys[0].Name, "nb") }, "journeys[0].name", `default language "nb"`},
	{func(p *veiviser.Plan) { p.Journeys[0].Name["norsk!"] = "x" }, `journeys[0].name["norsk!"]`, "no language"},
	{func(p *veiviser.Plan) { p.Journeys[0].Subjects = []string{""} }, "journeys[0].subjects[0]", "empty"},
	{func(p *veiviser.Plan) { p.Journeys[0].StartsOn[0].Types[0] = "vew" }, "journeys[0].starts_on[0].types[0]", `did you mean "view"?`},
	{func(p *veiviser.Plan) { p.Journeys[0].StartsOn[0] = veiviser.Match{} }, "journeys[0].starts_on[0]", "no condition"},
	{func(p *veiviser.Plan) { p.Journeys[0].StartsOn[0].SameItem = true }, "journeys[0].starts_on[0].same_item", "no past"},
	{func(p *veiviser.Plan) { p.Journeys[0].StartsOn[0].MinRepeat = 2 }, "journeys[0].starts_on[0].min_repeat", "no past"},
	{func(p *veiviser.Plan) { p.Journeys[0].Stages = p.Journeys[0].Stages[:1] }, "journeys[0].stages", "2–16 stages"},
	{func(p *veiviser.Plan) { p.Journeys[0].Stages[1].ID = "look" }, "journeys[0].stages[1].id", "taken"},
	{func(p *veiviser.Plan) { p.Journeys[0].Stages[2].Standard = "purchse" }, "journeys[0].stages[2].standard", `did you mean "purchase"?`},
	{func(p *veiviser.Plan) { p.Journeys[0].Stages[2].Standard = "" }, "journeys[0].stages[2].standard", "say which"},
	{func(p *veiviser.Plan) { p.Journeys[0].Stages[0].Prior = -1 }, "journeys[0].stages[0].prior", "from 0"},
	{func(p *veiviser.Plan) { p.Journeys[0].Stages[0].Rest = math.NaN() }, "journeys[0].stages[0].rest", "from 0"},
	{func(p *veiviser.Plan) { p.Journeys[0].Stages[0].Prior, p.Journeys[0].Stages[1].Prior = 0, 0 }, "journeys[0].stages", "no stage has a prior"},
	{func(p *veiviser.Plan) { p.Journeys[0].Transitions[0].From = "lok" }, "journeys[0].transitions[0].from", `did you mean "look"?`},
	{func(p *veiviser.Plan) { p.Journeys[0].Transitions[0].To = "nowhere" }, "journeys[0].transitions[0].to", "there is look, compare, buy"},
	{func(p *veiviser.Plan) { p.Journeys[0].Transitions[0].To = "look" }, "journeys[0].transitions[0].to", "where it comes from"},
	{func(p *veiviser.Plan) { p.Journeys[0].Transitions[2] = p.Journeys[0].Transitions[0] }, "journeys[0].transitions[2]", "twice"},
	{func(p *veiviser.Plan) { p.Journeys[0].Transitions[0].Rate = 1 }, "journeys[0].transitions[0].rate", "between 0 and 1"},
	{func(p *veiviser.Plan) { p.Journeys[0].Transitions[0].Rate = 0 }, "journeys[0].transitions[0].rate", "between 0 and 1"},
	{func(p *veiviser.Plan) {
		p.Journeys[0].Transitions = append(p.Journeys[0].Transitions, veiviser.Transition{From: "look", To: "buy", Rate: 0.8})
	}, "journeys[0].transitions", `stage "look" sum to 1`},
	{func(p *veiviser.Plan) { p.Journeys[0].Transitions = p.Journeys[0].Transitions[:1] }, "journeys[0].stages[2]", "nobody can reach"},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].ID = "Compared" }, "journeys[0].signals[0].id", "lower-case"},
	{func(p *veiviser.Plan) {
		p.Journeys[0].Signals = append(p.Journeys[0].Signals, p.Journeys[0].Signals[0])
	}, "journeys[0].signals[1].id", "taken"},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].Match.Types[0] = "test_rides" }, "journeys[0].signals[0].match.types[0]", `did you mean "test_ride"?`},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].Match.Pages = []string{"support/*"} }, "journeys[0].signals[0].match.pages[0]", "begins with /"},
	{func(p *veiviser.Plan) {
		p.Journeys[0].Signals[0].Match.MinDepth, p.Journeys[0].Signals[0].Match.MaxDepth = 5, 4
	}, "journeys[0].signals[0].match.max_depth", "never holds"},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].Match.MinPause = 2 * time.Hour }, "journeys[0].signals[0].match.max_pause", "never holds"},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].Match.MinPause = -1 }, "journeys[0].signals[0].match.min_pause", "negative"},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].Likelihood["by"] = 2 }, `journeys[0].signals[0].likelihood["by"]`, `did you mean "buy"?`},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].Likelihood["buy"] = 0 }, `journeys[0].signals[0].likelihood["buy"]`, "[0.01, 100]"},
	{func(p *veiviser.Plan) { p.Journeys[0].Signals[0].Text = veiviser.Text{"en": "x"} }, "journeys[0].signals[0].text", "default language"},
	{func(p *veiviser.Plan) { p.Journeys[0].HalfLife = -time.Hour }, "journeys[0].half_life", "negative"},
	{func(p *veiviser.Plan) { p.Journeys[0].UnsureBelow = 1 }, "journeys[0].unsure_below", "between 0 and 1"},
	{func(p *veiviser.Plan) { p.Journeys[0].StageMappings[0].To = "loook" }, "journeys[0].stage_mappings[0].to", `did you mean "look"?`},
	{func(p *veiviser.Plan) { p.Journeys[0].StageMappings[0].From = "" }, "journeys[0].stage_mappings[0].from", "older version"},

	{func(p *veiviser.Plan) { p.Segments[1].ID = "loyal" }, "segments[1].id", "taken by another segment, number 1"},
	{func(p *veiviser.Plan) { p.Segments[0].Rule = "" }, "segments[0].rule", "needs a rule"},
	{func(p *veiviser.Plan) { p.Segments[0].Rule = "visitor.vists > 3" }, "segments[0].rule", `did you mean "visitor.visits"?`},
	{func(p *veiviser.Plan) { p.Segments[0].Rule = "visitor.visits" }, "segments[0].rule", "true or false"},
	{func(p *veiviser.Plan) { p.Segments[0].Rule = "item.price > 1.0" }, "segments[0].rule", "cannot look at an item"},
	{func(p *veiviser.Plan) { p.Segments[0].Rule = "visitor.count('test_rode') > 1" }, "segments[0].rule", `did you mean "test_ride"?`},
	{func(p *veiviser.Plan) { p.Segments[0].Rule = "need.p('evaluat') > 0.5" }, "segments[0].rule", `did you mean "evaluate"?`},
	{func(p *veiviser.Plan) { p.Segments[0].Rule = "visitor.visits > 3 && " + strings.Repeat("(", 3000) }, "segments[0].rule", "at most 2048"},

	{func(p *veiviser.Plan) { p.Placements[1].ID = "hero" }, "placements[1].id", "taken"},
	{func(p *veiviser.Plan) { p.Placements[0].Channel = "" }, "placements[0].channel", "say the channel"},
	{func(p *veiviser.Plan) { p.Placements[0].Formats = nil }, "placements[0].formats", "at least one format"},
	{func(p *veiviser.Plan) { p.Placements[0].Formats[1] = "banner" }, "placements[0].formats[1]", "twice"},
	{func(p *veiviser.Plan) { p.Placements[0].Formats = []string{"push"} }, "placements[0].formats", `can be shown here in "nb"`},
	{func(p *veiviser.Plan) { p.Items[0].Status, p.Placements[0].Fallback = veiviser.StatusDraft, nil }, "placements[1].formats", "no live item"},
	{func(p *veiviser.Plan) { p.Placements[0].Slots = 51 }, "placements[0].slots", "0–50"},
	{func(p *veiviser.Plan) { p.Placements[0].Kinds = []veiviser.ItemKind{"offers"} }, "placements[0].kinds[0]", `did you mean "offer"?`},
	{func(p *veiviser.Plan) { p.Placements[1].Kinds[0] = veiviser.KindOffer }, "placements[1].kinds[0]", "never sells"},
	{func(p *veiviser.Plan) { p.Placements[0].Objective = "sell" }, "placements[0].objective", "progress, care, inform"},
	{func(p *veiviser.Plan) { p.Placements[0].Audiences = []string{"pres"} }, "placements[0].audiences[0]", `did you mean "press"?`},
	{func(p *veiviser.Plan) { p.Placements[0].Rule = "1 +" }, "placements[0].rule", "line 1"},
	{func(p *veiviser.Plan) { p.Placements[0].Rule = "item.value > 1.0" }, "placements[0].rule", "cannot look at an item"},
	{func(p *veiviser.Plan) { p.Placements[0].AttentionCost = new(1.5) }, "placements[0].attention_cost", "[0, 1]"},
	{func(p *veiviser.Plan) { p.Placements[0].Fallback[0] = "guid" }, "placements[0].fallback_item_ids[0]", `did you mean "guide"?`},
	{func(p *veiviser.Plan) { p.Placements[0].Fallback = []string{"guide", "guide"} }, "placements[0].fallback_item_ids[1]", "twice"},
	{func(p *veiviser.Plan) { p.Placements[1].Fallback = []string{"fjell-29"} }, "placements[1].fallback_item_ids[0]", "never sells"},
	{func(p *veiviser.Plan) { p.Items[0].Representations[0].Channels = []string{"app"} }, "placements[0].fallback_item_ids[0]", "no representation in format banner or card"},
	{func(p *veiviser.Plan) { p.Items[0].Status = veiviser.StatusDraft }, "placements[0].fallback_item_ids[0]", "is a draft"},
	{func(p *veiviser.Plan) {
		p.Placements[0].Audiences = []string{"press"}
		p.Placements[0].Fallback[0] = "fjell-29"
	}, "placements[0].fallback_item_ids[0]", "is for customer"},

	{func(p *veiviser.Plan) { p.Items[1].ID = "guide" }, "items[1].item_id", "taken by another item, number 1"},
	{func(p *veiviser.Plan) { p.Items[1].ID = "fjell 29" }, "items[1].item_id", "may hold only"},
	{func(p *veiviser.Plan) { p.Items[1].Journeys[0] = "considerd" }, "items[1].journeys[0]", `did you mean "considered"?`},
	{func(p *veiviser.Plan) { p.Items[1].Segments[0] = "royal" }, "items[1].segments[0]", `did you mean "loyal"?`},
	{func(p *veiviser.Plan) { p.Items[0].Name = veiviser.Text{"en": "Guide"} }, "items[0].name", "default language"},
	{func(p *veiviser.Plan) { p.Items[1].Rule = "item.prise > 1" }, "items[1].rule", `did you mean "item.price"?`},

	{func(p *veiviser.Plan) { p.Policy.VisitGap = -1 }, "policy.visit_gap", "negative"},
	{func(p *veiviser.Plan) { p.Policy.VisitorTTL = time.Minute }, "policy.visitor_ttl", "shorter than the visit gap"},
	{func(p *veiviser.Plan) { p.Policy.DecisionTTL = -1 }, "policy.decision_ttl", "negative"},
	{func(p *veiviser.Plan) { p.Policy.AttentionCost = 2 }, "policy.attention_cost", "[0, 1]"},
	{func(p *veiviser.Plan) { p.Policy.Diversity = math.NaN() }, "policy.diversity", "[0, 1]"},
	{func(p *veiviser.Plan) { p.Policy.OffStage = -0.1 }, "policy.off_stage", "[0, 1]"},
	{func(p *veiviser.Plan) { p.Policy.ValueWeight = 1.1 }, "policy.value_weight", "[0, 1]"},
	{func(p *veiviser.Plan) { p.Policy.UnsureKinds[0] = "content " }, "policy.unsure_kinds[0]", `did you mean "content"?`},
	{func(p *veiviser.Plan) { p.Policy.Priors[1].Mean = 1.2 }, "policy.priors[1].mean", "[0, 1]"},
	{func(p *veiviser.Plan) { p.Policy.Priors[1].Strength = 0.5 }, "policy.priors[1].strength", "at least 1"},
	{func(p *veiviser.Plan) { p.Policy.Priors[1].Stage = "by" }, "policy.priors[1].stage", "no standard stage"},
	{func(p *veiviser.Plan) { p.Policy.Priors[1] = p.Policy.Priors[0] }, "policy.priors[1]", "another prior"},
	{func(p *veiviser.Plan) { p.Policy.Effects[0].ItemID = "gide" }, "policy.effects[0].item_id", `did you mean "guide"?`},
	{func(p *veiviser.Plan) { p.Policy.Effects[0].Segment = "loyals" }, "policy.effects[0].segment", `did you mean "loyal"?`},
	{func(p *veiviser.Plan) { p.Policy.Effects[0].Add = -2 }, "policy.effects[0].add", "[-1, 1]"},
	{func(p *veiviser.Plan) { p.Policy.Effects[0].SD = -1 }, "policy.effects[0].standard_deviation", "from 0"},
	{func(p *veiviser.Plan) { p.Policy.Effects[0].Kind = "gift" }, "policy.effects[0].kind", "content, offer, service"},
}

func TestWrongPlans(t *testing.T) {
	for i, c := range wrongPlans {
		p := bikes()
		c.change(p)
		found := false
		violations := Validate(p)
		for _, v := range violations {
			found = found || v.Field == c.field && strings.Contains(v.Message, c.says)
		}
		if !found {
			t.Errorf("case %d: nothing says %q about %s; said was %v", i, c.says, c.field, violations)
		}
	}
}

func TestEverythingWrongAtOnce(t *testing.T) {
	p := bikes()
	p.Journeys[0].Stages[2].Standard, p.Segments[0].Rule, p.Placements[0].Slots, p.Policy.Diversity = "x", "", -1, 3
	if v := Validate(p); len(v) != 4 {
		t.Errorf("told %d of 4: %v", len(v), v)
	}
	p.Policy.Effects = make([]veiviser.ResponseEffect, 3*MaxViolations)
	for i := range p.Policy.Effects {
		p.Policy.Effects[i].ItemID = "x"
	}
	if v := Validate(p); len(v) != MaxViolations {
		t.Errorf("told %d at once", len(v))
	}
}

func TestValidateItem(t *testing.T) {
	for i := range bikes().Items {
		if err := ValidateItem(&bikes().Items[i]); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		change      func(it *veiviser.Item)
		field, says string
	}{
		{func(it *veiviser.Item) { it.ID = "" }, "item_id", "missing"},
		{func(it *veiviser.Item) { it.ID = strings.Repeat("x", 129) }, "item_id", "at most 128"},
		{func(it *veiviser.Item) { it.ID = "a\x00b" }, "item_id", "may hold only"},
		{func(it *veiviser.Item) { it.Kind = "" }, "kind", "content, offer, service or ask"},
		{func(it *veiviser.Item) { it.Kind = "ofer" }, "kind", `did you mean "offer"?`},
		{func(it *veiviser.Item) { it.Status = "alive" }, "status", "live"},
		{func(it *veiviser.Item) { it.Name = veiviser.Text{"nb": strings.Repeat("x", 201)} }, `name["nb"]`, "at most 200"},
		{func(it *veiviser.Item) { it.Topics = make([]string, 17) }, "topics", "at most 16"},
		{func(it *veiviser.Item) { it.Topics = []string{"a", "a"} }, "topics[1]", "twice"},
		{func(it *veiviser.Item) { it.Stages = []veiviser.StandardStage{"evaluation"} }, "stages[0]", `did you mean "evaluate"?`},
		{func(it *veiviser.Item) { it.Audiences = []string{"x"} }, "audiences[0]", "no audience"},
		{func(it *veiviser.Item) { it.Rule = "visitor.visits >" }, "rule", "line 1"},
		{func(it *veiviser.Item) { it.End = it.Start }, "end_time", "after start_time"},
		{func(it *veiviser.Item) { it.Stock = new(int64(-1)) }, "stock", "negative"},
		{func(it *veiviser.Item) { it.Price = &veiviser.Money{Currency: "NOK", Micros: -1} }, "price", "negative"},
		{func(it *veiviser.Item) { it.Value = math.Inf(1) }, "value", "a number"},
		{func(it *veiviser.Item) { it.Cost = -1 }, "cost", "from 0"},
		{func(it *veiviser.Item) { it.Boost = 1.01 }, "boost", "[-1, 1]"},
		{func(it *veiviser.Item) { it.Price.Currency = "kr" }, "price.currency_code", "ISO 4217"},
		{func(it *veiviser.Item) { it.Claims = map[string]string{"": "x"} }, `claims[""]`, "empty"},
		{func(it *veiviser.Item) { it.Attributes = map[string]string{"k": strings.Repeat("x", 513)} }, `attributes["k"]`, "at most 512"},
		{func(it *veiviser.Item) { it.Representations = nil }, "representations", "1–48"},
		{func(it *veiviser.Item) { it.Representations[0].Format = "" }, "representations[0].format", "say the format"},
		{func(it *veiviser.Item) { it.Representations[0].Channels = []string{""} }, "representations[0].channels[0]", "empty"},
		{func(it *veiviser.Item) { it.Representations[0].Body = strings.Repeat("x", 4097) }, "representations[0].body", "at most 4096"},
		{func(it *veiviser.Item) { it.Representations = append(it.Representations, it.Representations[0]) }, "representations[1]", "another representation"},
	} {
		it := bikes().Items[1]
		c.change(&it)
		err := ValidateItem(&it)
		if err == nil || err.Field() != c.field || !strings.Contains(err.Violations[0].Message, c.says) {
			t.Errorf("%s: nothing says %q: %v", c.field, c.says, err)
		}
	}
}

// FuzzValidate puts a word, a number and a length wherever a plan has room for one; nothing may panic, and a plan that is
// right must compile.
func FuzzValidate(f *testing.F) {
	for i := range uint16(300) {
		f.Add(i, "x", 0.5, uint8(2))
	}
	f.Add(uint16(3), "visitor.visits > 3", math.NaN(), uint8(255))
	f.Fuzz(func(t *testing.T, at uint16, word string, number float64, length uint8) {
		p := bikes()
		mutate(p, int(at), word, number, int(length)%4)
		violations := Validate(p)
		for _, v := range violations {
			if v.Field == "" || v.Message == "" {
				t.Errorf("nothing is said: %+v", v)
			}
		}
		if _, err := Compile(1, p); err != nil && len(violations) == 0 {
			t.Errorf("right, but does not compile: %v", err)
		}
		Diff(bikes(), p)
		_ = fmt.Sprint(ValidateItem(&bikes().Items[0]))
	})
}
