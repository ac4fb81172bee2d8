package api

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// sized draws strings whose lengths lie around a limit.
func sized(t *rapid.T, label string, limit int) string {
	n := rapid.SampledFrom([]int{0, 1, 2, limit - 1, limit, limit + 1}).Draw(t, label)
	unit := rapid.SampledFrom([]string{"x", "é", " "}).Draw(t, label+" unit")
	s := strings.Repeat(unit, n/len(unit))
	return s + strings.Repeat("y", n-len(s))
}

// mostly draws from usual nine times in ten, so that whole requests are valid often enough.
func mostly[T any](t *rapid.T, label string, usual T, odd func() T) T {
	if rapid.IntRange(0, 19).Draw(t, label+" odd") > 0 {
		return usual
	}
	return odd()
}

func drawAttributes(t *rapid.T) map[string]string {
	n := rapid.SampledFrom([]int{0, 1, 31, 32, 33}).Draw(t, "attributes")
	m := make(map[string]string, n)
	for i := range n {
		m[strings.Repeat("k", i+1)] = ""
	}
	m[mostly(t, "key", "country", func() string { return sized(t, "key", 64) })] = mostly(t, "value", "NO", func() string { return sized(t, "value", 512) })
	return m
}

func drawTime(t *rapid.T) *timestamppb.Timestamp {
	return rapid.SampledFrom([]*timestamppb.Timestamp{
		nil,
		{Seconds: 1},
		{Seconds: 0, Nanos: 1},
		{},
		{Seconds: -1},
		{Seconds: 5, Nanos: -1},
		{Seconds: 5, Nanos: 1e9},
		{Seconds: 253402300799},
		{Seconds: 253402300800},
		{Seconds: math.MaxInt64},
		{Seconds: math.MinInt64},
	}).Draw(t, "time")
}

func drawEvent(t *rapid.T) *veiviserv1.Event {
	return &veiviserv1.Event{
		EventId:    mostly(t, "id", "e1", func() string { return sized(t, "id", 128) }),
		VisitorId:  mostly(t, "visitor", "v1", func() string { return sized(t, "visitor", 128) }),
		Time:       mostly(t, "event", nil, func() *timestamppb.Timestamp { return drawTime(t) }),
		Type:       mostly(t, "type", "view", func() string { return sized(t, "type", 64) }),
		Subject:    mostly(t, "subject", "", func() string { return sized(t, "subject", 128) }),
		ItemId:     mostly(t, "item", "", func() string { return sized(t, "item", 128) }),
		DecisionId: mostly(t, "decision", "", func() string { return sized(t, "decision", 128) }),
		Channel:    mostly(t, "channel", "web", func() string { return sized(t, "channel", 64) }),
		Value: mostly(t, "value", 0, func() float64 {
			return rapid.SampledFrom([]float64{1e12, -1e12, math.Nextafter(1e12, 2e12), -2e12, math.Inf(1), math.Inf(-1), math.NaN()}).Draw(t, "v")
		}),
		Attributes: mostly(t, "event attributes", nil, func() map[string]string { return drawAttributes(t) }),
	}
}

func drawRequest(t *rapid.T) *veiviserv1.RecommendRequest {
	text := func(label string, limit int) string {
		return mostly(t, label, "", func() string { return sized(t, label, limit) })
	}
	r := &veiviserv1.RecommendRequest{
		VisitorId: mostly(t, "visitor", "v1", func() string { return sized(t, "visitor", 128) }),
		Context: &veiviserv1.VisitContext{
			Channel: text("channel", 64), Device: text("device", 64), Referrer: text("referrer", 512), Page: text("page", 512),
			Query: text("query", 512), Subject: text("subject", 128),
			Language:   mostly(t, "language", "nb", func() string { return drawLanguage(t) }),
			Attributes: mostly(t, "attributes", nil, func() map[string]string { return drawAttributes(t) }),
		},
		Time:        mostly(t, "moment", nil, func() *timestamppb.Timestamp { return drawTime(t) }),
		Exploration: mostly(t, "exploration", 0, func() veiviserv1.Exploration { return veiviserv1.Exploration(rapid.Int32Range(-1, 4).Draw(t, "x")) }),
	}
	for range mostly(t, "placements", 2, func() int { return rapid.IntRange(0, 18).Draw(t, "n") }) {
		r.Placements = append(r.Placements, &veiviserv1.PlacementRequest{
			Placement:        mostly(t, "placement", "banner", func() string { return sized(t, "placement", 64) }),
			MaxItems:         mostly(t, "max", 3, func() int32 { return rapid.Int32Range(-2, 52).Draw(t, "max") }),
			CandidateItemIds: mostly(t, "candidates", nil, func() []string { return many(rapid.SampledFrom([]int{1, 1000, 1001}).Draw(t, "c"), "i") }),
			ExcludeItemIds:   mostly(t, "excluded", nil, func() []string { return []string{"a", sized(t, "excluded", 128)} }),
		})
	}
	for range mostly(t, "events", 1, func() int { return rapid.SampledFrom([]int{0, 3, 100, 101}).Draw(t, "n") }) {
		r.Events = append(r.Events, drawEvent(t))
	}
	return r
}

func drawLanguage(t *rapid.T) string {
	return rapid.OneOf(rapid.StringMatching(`([A-Za-z]{1,9}([-_][A-Za-z0-9]{0,9}){0,4})?`), rapid.StringN(0, 5, 40)).Draw(t, "language")
}

// What the hand-written checks accept is exactly what the rules of the contract accept (with the check of timestamps).
func TestPlainAgreesWithTheRules(t *testing.T) {
	v := testValidator(t)
	valid, invalid := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		err := v.check(r)
		for _, e := range r.GetEvents() {
			err = first(err, validTime(e.GetTime(), "time"))
		}
		err = first(err, validTime(r.GetTime(), "time"))
		got := plainRecommend(r)
		if got && err != nil {
			t.Fatalf("accepted by hand, refused by the rules: %v", err)
		}
		if !got && err == nil && !subSecond(r) {
			t.Fatalf("accepted by the rules, refused by hand: %v", r)
		}
		if err == nil {
			valid++
		} else {
			invalid++
		}
	})
	if valid == 0 || invalid == 0 {
		t.Errorf("%d valid and %d invalid requests prove nothing", valid, invalid)
	}
}

// subSecond: moments within the first second of 1970 are left to the rules.
func subSecond(r *veiviserv1.RecommendRequest) bool {
	times := []*timestamppb.Timestamp{r.GetTime()}
	for _, e := range r.GetEvents() {
		times = append(times, e.GetTime())
	}
	for _, t := range times {
		if t != nil && t.GetSeconds() == 0 && t.GetNanos() > 0 {
			return true
		}
	}
	return false
}

func TestPlainLanguage(t *testing.T) {
	v := testValidator(t)
	rapid.Check(t, func(t *rapid.T) {
		s := drawLanguage(t)
		want := v.check(&veiviserv1.VisitContext{Language: s}) == nil
		if got := plainLanguage(s); got != want {
			t.Errorf("plainLanguage(%q) = %v, the rules say %v", s, got, want)
		}
	})
}

// The cost of the rules themselves, which the checks by hand save.
func BenchmarkRulesRecommend(b *testing.B) {
	v, r := testValidator(b), typicalRequest()
	b.ReportAllocs()
	for b.Loop() {
		if err := v.check(r); err != nil {
			b.Fatal(err)
		}
	}
}
