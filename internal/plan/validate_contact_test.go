package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// spoken is bikes with a contact policy in which everything is right.
func spoken() *veiviser.Plan {
	p := bikes()
	p.Contact = veiviser.ContactPolicy{
		TimeZone: "Europe/Oslo", ReserveFor: time.Hour, Budget: veiviser.AttentionBudget{Amount: 20, Window: 24 * time.Hour},
		Caps: []veiviser.Cap{
			{ID: "daily", Limit: 1, Window: 24 * time.Hour, Placements: []string{"hero"}, Per: veiviser.PerItem},
			{ID: "mtb", Limit: 100, Window: veiviser.MaxCapWindow, Topics: []string{"bike/mtb", "bike/*", "*"}, Items: []string{"guide"}, Channels: []string{"web", "app"}},
		},
		QuietHours: []veiviser.QuietHours{{ID: "night", From: "21:00", To: "08:00", Days: []string{"mon", "sun"}, Channels: []string{"app"}}},
	}
	p.Coherence = veiviser.Coherence{Window: 48 * time.Hour, Contradictions: []veiviser.Contradiction{
		{Claim: "made_in", Value: "Norway", Other: "ships_from", OtherValue: "China"},
	}}
	p.Items[1].Product = "fjell"
	return p
}

// twin adds an item of the same product as the second one of the plan.
func twin(p *veiviser.Plan, change func(it *veiviser.Item)) {
	it := p.Items[1]
	it.ID, it.Start, it.End, it.Claims = "twin", time.Time{}, time.Time{}, nil
	change(&it)
	p.Items = append(p.Items, it)
}

func TestRightContact(t *testing.T) {
	later := spoken()
	twin(later, func(it *veiviser.Item) {
		it.Price, it.Start = &veiviser.Money{Currency: "NOK", Micros: 1}, later.Items[1].End
	})
	draft := spoken()
	twin(draft, func(it *veiviser.Item) {
		it.Price, it.Status = &veiviser.Money{Currency: "NOK", Micros: 1}, veiviser.StatusDraft
	})
	abroad := spoken()
	twin(abroad, func(it *veiviser.Item) { it.Price = &veiviser.Money{Currency: "SEK", Micros: 1} })
	trade := spoken()
	twin(trade, func(it *veiviser.Item) {
		it.Price, it.Audiences = &veiviser.Money{Currency: "NOK", Micros: 1}, []string{"supplier"}
	})
	others := spoken() // claims of items that are written beside the plan
	others.Coherence.Contradictions = append(others.Coherence.Contradictions,
		veiviser.Contradiction{Claim: "range_mi", Value: "80", Other: "range_km", OtherValue: "121"})
	order := spoken()
	order.Items[0].Duty, order.Items[0].Topics, order.Items[0].Rule = veiviser.DutyTransactional, nil, "visitor.phase == 'waiting'"
	order.Contact.Caps[1].Items = nil
	for name, p := range map[string]*veiviser.Plan{"plain": spoken(), "others": others, "order": order, "later": later, "draft": draft, "abroad": abroad, "trade": trade} {
		for _, v := range Validate(p) {
			t.Errorf("%s: %v", name, v)
		}
	}
}

func TestWrongContact(t *testing.T) {
	for _, w := range []struct {
		change func(p *veiviser.Plan)
		field  string
		says   string
	}{
		{func(p *veiviser.Plan) { p.Contact.Caps = make([]veiviser.Cap, 257) }, "contact.caps", "at most 256"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].ID = "Daily" }, "contact.caps[0].id", "lower-case"},
		{func(p *veiviser.Plan) { p.Contact.Caps[1].ID = "daily" }, "contact.caps[1].id", "taken"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Limit = 0 }, "contact.caps[0].limit", "what is never to be shown is a draft, or switched off"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Limit = 101 }, "contact.caps[0].limit", "at most 100"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Window = 0 }, "contact.caps[0].window", "between 1s and 90 days"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Window = 1 }, "contact.caps[0].window", "between 1s and 90 days"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Window = 91 * 24 * time.Hour }, "contact.caps[0].window", "between 1s and 90 days"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Per = "tem" }, "contact.caps[0].per", `did you mean "item"?`},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Account = true }, "contact.caps[0].account", "knows no accounts"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Kinds = []veiviser.ItemKind{"ofer"} }, "contact.caps[0].kinds[0]", `did you mean "offer"?`},
		{func(p *veiviser.Plan) { p.Contact.Caps[1].Topics[0] = "boats" }, "contact.caps[1].topics[0]", "no topic"},
		{func(p *veiviser.Plan) { p.Contact.Caps[1].Items[0] = "guid" }, "contact.caps[1].item_ids[0]", `did you mean "guide"?`},
		{func(p *veiviser.Plan) { p.Contact.Caps[1].Channels[0] = "wbe" }, "contact.caps[1].channels[0]", "there is web, app"},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Placements[0] = "her" }, "contact.caps[0].placements[0]", `did you mean "hero"?`},
		{func(p *veiviser.Plan) { p.Contact.Caps[0].Placements = []string{"hero", "hero"} }, "contact.caps[0].placements[1]", "twice"},
		{func(p *veiviser.Plan) { p.Contact.QuietHours = make([]veiviser.QuietHours, 33) }, "contact.quiet_hours", "at most 32"},
		{func(p *veiviser.Plan) { p.Contact.QuietHours[0].From = "24:00" }, "contact.quiet_hours[0].from", "no time of day"},
		{func(p *veiviser.Plan) { p.Contact.QuietHours[0].To = "8:00" }, "contact.quiet_hours[0].to", "no time of day"},
		{func(p *veiviser.Plan) { p.Contact.QuietHours[0].Days[1] = "sunday" }, "contact.quiet_hours[0].days[1]", "mon, tue"},
		{func(p *veiviser.Plan) { p.Contact.QuietHours[0].Days[1] = "mon" }, "contact.quiet_hours[0].days[1]", "twice"},
		{func(p *veiviser.Plan) { p.Contact.Budget.Amount = -1 }, "contact.budget.amount", "0–1000"},
		{func(p *veiviser.Plan) { p.Contact.Budget.Window = 0 }, "contact.budget.window", "between 1s and 90 days"},
		{func(p *veiviser.Plan) { p.Contact.ReserveFor = -1 }, "contact.reserve_for", "must lie"},
		{func(p *veiviser.Plan) { p.Contact.ReserveFor = 1 }, "contact.reserve_for", "between 1s and 90 days"},
		{func(p *veiviser.Plan) { p.Contact.ReserveFor = 8 * 24 * time.Hour }, "contact.reserve_for", "remembered for 168h0m0s only"},
		{func(p *veiviser.Plan) { p.Contact.TimeZone = "Local" }, "contact.time_zone", "no time zone"},
		{func(p *veiviser.Plan) { p.Placements[0].Attention = new(101) }, "placements[0].attention", "0–100"},
		{func(p *veiviser.Plan) { p.Placements[0].Attention = new(21) }, "placements[0].attention", "nothing could ever be shown"},
		{func(p *veiviser.Plan) { p.Items[0].Duty = "must" }, "items[0].duty", "no duty"},
		{func(p *veiviser.Plan) { p.Items[0].Duty, p.Items[0].Topics = veiviser.DutyTransactional, nil }, "items[0].duty", "would go to everybody"},
		{func(p *veiviser.Plan) { p.Items[0].Product = strings.Repeat("x", 129) }, "items[0].product", "at most 128"},
		{func(p *veiviser.Plan) {
			p.Items[1].Product = "bike"
			twin(p, func(it *veiviser.Item) { it.Product, it.Claims = p.Items[1].ID, map[string]string{"range_km": "120"} })
		}, "items[2].product", `that one is about product "bike"`},
		{func(p *veiviser.Plan) { p.Coherence.Window = -1 }, "coherence.window", "must lie"},
		{func(p *veiviser.Plan) { p.Coherence.Window = 1 }, "coherence.window", "between 1s and 90 days"},
		{func(p *veiviser.Plan) { p.Coherence.Contradictions[0].Value = "" }, "coherence.contradictions[0].value", "say it"},
		{func(p *veiviser.Plan) { p.Coherence.Contradictions[0].Other = "made_in" }, "coherence.contradictions[0].other_claim", "always contradicts itself"},
		{func(p *veiviser.Plan) { p.Coherence.Contradictions[0].Claim = "range_mk" }, "coherence.contradictions[0].claim", `did you mean "range_km"?`},
		{func(p *veiviser.Plan) { p.Coherence.Contradictions[0].Other = "rnge_km" }, "coherence.contradictions[0].other_claim", `did you mean "range_km"?`},
		{func(p *veiviser.Plan) {
			p.Items[1].Claims["made_in"] = "Norway"
			p.Coherence.Contradictions[0].Value = "norway "
		}, "coherence.contradictions[0].value", `did you mean "Norway"?`},
		{func(p *veiviser.Plan) {
			p.Coherence.Contradictions = append(p.Coherence.Contradictions, p.Coherence.Contradictions[0])
		}, "coherence.contradictions[1]", "the same as number 1"},
		{func(p *veiviser.Plan) {
			p.Coherence.Contradictions = append(p.Coherence.Contradictions, veiviser.Contradiction{
				Claim: "ships_from", Value: "China", Other: "made_in", OtherValue: "Norway",
			})
		}, "coherence.contradictions[1]", "the other way round"},
		{func(p *veiviser.Plan) {
			p.Items[0].Claims = map[string]string{"made_in": "Norway", "ships_from": "China"}
		}, `items[0].claims["made_in"]`, "same item"},
		{func(p *veiviser.Plan) {
			twin(p, func(it *veiviser.Item) { it.Price = &veiviser.Money{Currency: "NOK", Micros: 1} })
		}, "items[2].price", `"fjell-29" and "twin"`},
		{func(p *veiviser.Plan) {
			twin(p, func(it *veiviser.Item) { it.Claims = map[string]string{"range_km": "121"} })
		}, `items[2].claims["range_km"]`, `"fjell-29" and "twin"`},
		{func(p *veiviser.Plan) {
			p.Items[1].Claims["made_in"] = "Norway"
			twin(p, func(it *veiviser.Item) { it.Claims = map[string]string{"ships_from": "China"} })
		}, `items[2].claims["ships_from"]`, `"fjell-29" and "twin"`},
		{func(p *veiviser.Plan) { // the item itself is the product that the other names
			p.Items[1].Product, p.Coherence = "", veiviser.Coherence{}
			twin(p, func(it *veiviser.Item) {
				it.Product, it.Price = p.Items[1].ID, &veiviser.Money{Currency: "NOK", Micros: 1}
			})
		}, "items[2].price", `say different things of product "fjell-29"`},
	} {
		p := spoken()
		w.change(p)
		found := false
		for _, v := range Validate(p) {
			found = found || v.Field == w.field && strings.Contains(v.Message, w.says)
		}
		if !found {
			t.Errorf("%s %q is not said; said is %v", w.field, w.says, Validate(p))
		}
	}
}
