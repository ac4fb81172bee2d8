package planpb_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// told is one event of a story and where she stands after it.
type told struct {
	after time.Duration // since the event before
	event veiviser.Event
	// stage is the standard stage expected of the need that was touched, "" for unsure, "*" for whatever.
	stage veiviser.StandardStage
}

// tell folds a story and checks the stages; it returns her needs at the end.
func tell(t *testing.T, name, journey string, story []told) (*stage.Set, *veiviser.Visitor, time.Time) {
	t.Helper()
	p, _ := bundle(t, name)
	set, err := stage.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	v, now := &veiviser.Visitor{ID: "v"}, time.Date(2026, 11, 2, 18, 0, 0, 0, time.UTC)
	for i, s := range story {
		now = now.Add(s.after)
		s.event.Time = now
		set.Fold(v, &s.event)
		need := needOf(t, set.Views(v, s.event.Subject, now), journey, s.event.Subject)
		t.Logf("%2d %-18s %-24s %-9s %s", i+1, s.event.Type, s.event.ItemID+s.event.Attributes["page"]+s.event.Attributes["query"],
			orUnsure(need.Standard), belief(need))
		if s.stage != "*" && need.Standard != s.stage {
			t.Errorf("event %d (%s): stage %q, want %q", i+1, s.event.Type, orUnsure(need.Standard), orUnsure(s.stage))
		}
	}
	return set, v, now
}

func needOf(t *testing.T, views []veiviser.NeedView, journey, subject string) *veiviser.NeedView {
	t.Helper()
	for i := range views {
		if views[i].Journey == journey && (subject == "" || views[i].Subject == subject) {
			return &views[i]
		}
	}
	t.Fatalf("no need on journey %s about %q", journey, subject)
	return nil
}

func orUnsure(s veiviser.StandardStage) string {
	if s == "" {
		return "unsure"
	}
	return string(s)
}

func belief(n *veiviser.NeedView) string {
	parts := make([]string, len(n.P))
	for i, p := range n.P {
		parts[i] = fmt.Sprintf("%s %.2f", n.Stages[i], p)
	}
	return strings.Join(parts, "  ")
}

func event(typ, subject, item string, attributes ...string) veiviser.Event {
	e := veiviser.Event{Type: typ, Subject: subject, ItemID: item, Channel: "web"}
	for i := 0; i+1 < len(attributes); i += 2 {
		if e.Attributes == nil {
			e.Attributes = map[string]string{}
		}
		e.Attributes[attributes[i]] = attributes[i+1]
	}
	return e
}

const ebike = "bike/ebike"

// buying is the story the README tells: from a first look to telling others.
func buying() []told {
	return []told{
		{0, event("view", ebike, "fjord-city"), ""},
		{40 * time.Second, event("search", ebike, "", "query", "elsykkel lang rekkevidde"), "search"},
		{50 * time.Second, event("compare", ebike, "fjord-city"), "evaluate"},
		{3 * time.Minute, event("view", ebike, "fjord-city"), "evaluate"},
		{2 * 24 * time.Hour, event("question", ebike, "fjord-city"), "evaluate"},
		{24 * time.Hour, event("cart_add", ebike, "fjord-city"), "purchase"},
		{2 * time.Minute, event("checkout", ebike, ""), "purchase"},
		{2 * time.Minute, event("purchase", ebike, "fjord-city"), "purchase"},
		{4 * 24 * time.Hour, event("delivery_confirmed", ebike, "fjord-city"), "use"},
		{12 * 24 * time.Hour, event("review", ebike, "fjord-city"), "advocate"},
	}
}

func TestStoryOfBuyingABike(t *testing.T) {
	tell(t, "sykkel", "purchase", buying())
}

func TestStoryOfAFirstLook(t *testing.T) {
	for name, first := range map[string]veiviser.Event{
		"nothing known":     event("view", "", ""),
		"a subject":         event("view", ebike, ""),
		"from a web search": event("view", ebike, "fjord-city", "referrer", "https://www.google.no/"),
		"a guide":           event("view", "bike", "", "page", "/guides/choose-bike"),
		"in the app":        event("view", "", "", "referrer", "direct"),
	} {
		t.Run(name, func(t *testing.T) {
			set, v, now := tell(t, "sykkel", "purchase", []told{{0, first, "*"}})
			need := needOf(t, set.Views(v, "", now), "purchase", "")
			if s := need.Standard; s != "" && s != veiviser.StageNeed && s != veiviser.StageSearch {
				t.Errorf("surely in %s after one look", s)
			}
		})
	}
}

func TestStoryOfGoingBackToSearch(t *testing.T) {
	story := append(buying()[:6:6],
		told{time.Minute, event("cart_remove", ebike, "fjord-city"), "*"},
		told{time.Minute, event("search", ebike, "", "query", "lett elsykkel"), "*"},
		told{time.Minute, event("search", ebike, "", "query", "elsykkel 18 kg"), "search"})
	set, v, now := tell(t, "sykkel", "purchase", story)
	if p := needOf(t, set.Views(v, ebike, now), "purchase", ebike).ByStandard[veiviser.StagePurchase.Index()]; p > 0.1 {
		t.Errorf("still buying with probability %.2f", p)
	}
}

func TestStoryOfSilence(t *testing.T) {
	set, v, now := tell(t, "sykkel", "purchase", buying()[:4])
	entropy := func(at time.Time) float64 {
		h := 0.0
		for _, p := range needOf(t, set.Views(v, ebike, at), "purchase", ebike).P {
			h -= p * math.Log(p)
		}
		return h
	}
	later := now.Add(30 * 24 * time.Hour)
	t.Log(belief(needOf(t, set.Views(v, ebike, later), "purchase", ebike)))
	if entropy(later) <= entropy(now) {
		t.Error("a month of silence must widen the belief")
	}
	if s := needOf(t, set.Views(v, ebike, later), "purchase", ebike).Standard; s != "" {
		t.Errorf("after a month of silence she is surely in %s", s)
	}
}

func TestStoryOfAComplaint(t *testing.T) {
	tell(t, "sykkel", "purchase", append(buying()[:9:9],
		told{24 * time.Hour, event("complaint", ebike, "fjord-city"), "use"},
		told{2 * 24 * time.Hour, event("complaint_resolved", ebike, "fjord-city"), "use"},
		told{24 * time.Hour, event("share", ebike, "fjord-city"), "advocate"}))
}

func TestStoryOfReplacingAChain(t *testing.T) {
	const chain = "parts/chain"
	story := []told{
		{0, event("view", chain, "guide-chain-worn", "page", "/guides/chain-worn"), "need"},
		{time.Minute, event("search", chain, "", "query", "kjede 10 trinn"), "search"},
		{time.Minute, event("view", chain, "kjede-10", "page", "/shop/chain"), "search"},
		{time.Minute, event("cart_add", chain, "kjede-10"), "purchase"},
		{time.Minute, event("purchase", chain, "kjede-10"), "purchase"},
		{2 * 24 * time.Hour, event("delivery_confirmed", chain, "kjede-10"), "use"},
		{time.Hour, event("view", chain, "care-chain-clean", "page", "/care/chain-clean"), "use"},
	}
	set, v, now := tell(t, "sykkel", "repurchase", story)
	views := set.Views(v, chain, now)
	if views[0].Journey != "repurchase" {
		t.Errorf("the journey that matters is %s", views[0].Journey)
	}
	// The same stream, seen as the considered purchase that it is not, says something else on the way.
	set, v, now = tell(t, "sykkel", "purchase", []told{{0, story[0].event, "*"}, {time.Minute, story[1].event, "*"}})
	views = set.Views(v, chain, now)
	quick, slow := needOf(t, views, "repurchase", chain), needOf(t, views, "purchase", chain)
	t.Logf("quick %s", belief(quick))
	t.Logf("slow  %s", belief(slow))
	if quick.ByStandard == slow.ByStandard {
		t.Error("two journeys see one stream alike")
	}
}

func TestStoryOfAJournalist(t *testing.T) {
	set, v, now := tell(t, "sykkel", "press", []told{
		{0, event("view", "", "", "page", "/press"), "*"},
		{time.Minute, event("view", "", "", "page", "/press/figures"), "search"},
		{time.Minute, event("press_download", "", ""), "search"},
		{time.Hour, event("press_enquiry", "", ""), "*"},
		{time.Hour, event("press_enquiry", "", ""), "evaluate"},
	})
	if first := set.Views(v, "", now)[0]; first.Audience != "press" {
		t.Errorf("she is taken for a %s", first.Audience)
	}
	set, v, now = tell(t, "sykkel", "purchase", buying()[:1])
	for _, need := range set.Views(v, "", now) {
		if need.Journey == "press" {
			t.Error("a look at a bike makes nobody a journalist")
		}
	}
}

func TestStoryOfClicksOnly(t *testing.T) {
	const c = "4242"
	tell(t, "marketplace", "shopping", []told{
		{0, event("view", c, "1"), "search"},
		{20 * time.Second, event("view", c, "2"), "search"},
		{90 * time.Second, event("view", c, "1"), "search"},
		{30 * time.Second, event("cart_add", c, "1"), "evaluate"},
		{5 * time.Minute, event("purchase", c, "1"), "purchase"},
		{2 * 24 * time.Hour, event("view", c, "1"), "*"},
		{2 * 24 * time.Hour, event("view", c, "1"), "*"},
	})
}
