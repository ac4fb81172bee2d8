package planpb_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// folder makes a folder of files: name, content, name, content, …
func folder(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func TestReadJoinsTheFilesOfAFolder(t *testing.T) {
	got, sources, err := planpb.ReadFS(folder(
		"plan.yaml", "name: Sykkel\nlanguages: [nb, sv]\npolicy:\n  visit_gap: 1h30m\n  visitor_ttl: 2w1d\n  unsure_kinds: [service]\n",
		"items/b.yaml", "items:\n- item_id: b\n",
		"items/a.yml", `items:
- item_id: a
  kind: offer
  status: draft
  name: {nb: Navn, "true": quoted}
  price: 24990.50 NOK
  start_time: 2026-05-01
  end_time: 2026-06-01T08:00:00+02:00
  stock: 0
  value: 1_000
`,
		"journeys.yaml", "journeys:\n- id: j\n  stages:\n  - id: s\n    standard: use\n    prior: 1\n  signals:\n  - {id: x, likelihood: {s: 2}}\n",
		"empty.yaml", "# nothing yet\n", "null.yaml", "---\n", "README.md", "not: read: at all", ".git/x.yaml", "nor: this", "nothing.yaml", "segments:\n",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := &veiviserv1.Plan{
		Name: "Sykkel", Languages: []string{"nb", "sv"},
		Policy: &veiviserv1.Policy{
			VisitGap: durationpb.New(90 * time.Minute), VisitorTtl: durationpb.New(15 * 24 * time.Hour),
			UnsureKinds: []veiviserv1.ItemKind{veiviserv1.ItemKind_ITEM_KIND_SERVICE},
		},
		Items: []*veiviserv1.Item{{
			ItemId: "a", Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER, Status: veiviserv1.ItemStatus_ITEM_STATUS_DRAFT,
			Name: map[string]string{"nb": "Navn", "true": "quoted"}, Price: &veiviserv1.Money{CurrencyCode: "NOK", Micros: 24990_500000},
			StartTime: timestamppb.New(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)),
			EndTime:   timestamppb.New(time.Date(2026, 6, 1, 6, 0, 0, 0, time.UTC)),
			Stock:     proto.Int64(0), Value: 1000,
		}, {ItemId: "b"}},
		Journeys: []*veiviserv1.Journey{{
			Id:      "j",
			Stages:  []*veiviserv1.Stage{{Id: "s", Standard: "use", Prior: 1}},
			Signals: []*veiviserv1.Signal{{Id: "x", Likelihood: map[string]float64{"s": 2}}},
		}},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	for field, want := range map[string]string{
		"journeys[0].stages[0].standard":       "journeys.yaml:5",
		"journeys[0].stages[0].name":           "journeys.yaml:4",
		"journeys[0].stages[7].name":           "journeys.yaml:3",
		`journeys[0].signals[0].likelihood[s]`: "journeys.yaml:8",
		"items[0].name.nb":                     "items/a.yml:5",
		`items[0].name["nb"]`:                  "items/a.yml:5",
		"items[1].representations[3].title":    "items/b.yaml:2",
		"plan.policy.visit_gap":                "plan.yaml:4",
		"policy":                               "plan.yaml:3",
		"placements":                           "",
		"":                                     "",
		`broken["`:                             "",
	} {
		if got := sources.Position(field); got != want {
			t.Errorf("%q stands at %q, want %q", field, got, want)
		}
	}
	located := sources.Locate([]veiviser.Violation{{Field: "items[1].kind", Message: "m"}, {Field: "name", Position: "x:1"}})
	if diff := cmp.Diff([]veiviser.Violation{{Field: "items[1].kind", Message: "m", Position: "items/b.yaml:2"}, {Field: "name", Position: "x:1"}}, located); diff != "" {
		t.Error(diff)
	}
}

func TestReadSaysWhatIsWrongAndWhere(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"unknown key", "items:\n- item_id: a\n  representations:\n  - titel: x", `p.yaml:4: items[0].representations[0]: unknown key "titel" in items[0].representations[0], did you mean "title"?`},
		{"unknown key at the root", "jurneys: []", `p.yaml:1: unknown key "jurneys", did you mean "journeys"?`},
		{"camel case", "eventTypes: []", `p.yaml:1: unknown key "eventTypes", did you mean "event_types"?`},
		{"half a name", "items: [{id: x}]", `p.yaml:1: items[0]: unknown key "id" in items[0], did you mean "item_id"?`},
		{"nothing like it", "zzzzzz: 1", `p.yaml:1: unknown key "zzzzzz"`},
		{"proto number", "items: [{kind: 2}]", `p.yaml:1: items[0].kind: this must be one of content, offer, service, ask, not a number`},
		{"unknown enum", "items: [{kind: ofer}]", `p.yaml:1: items[0].kind: unknown value "ofer", there are content, offer, service, ask, did you mean "offer"?`},
		{"number for text", "name: 12", `p.yaml:1: name: this must be a text, not a number; put it in quotes`},
		{"date for text", "name: 2026-01-01", `p.yaml:1: name: this must be a text, not a date; put it in quotes`},
		{"nothing for text", "name:", `p.yaml:1: name: this must be a text, not nothing`},
		{"list for text", "name: [a]", `p.yaml:1: name: this must be a text, not a list`},
		{"text for list", "languages: nb", `p.yaml:1: languages: this must be a list, not a text`},
		{"text for map", "segments: [{name: x}]", `p.yaml:1: segments[0].name: this must be a mapping, not a text`},
		{"text for message", "policy: x", `p.yaml:1: policy: this must be a mapping with keys such as visit_gap, visitor_ttl, decision_ttl, not a text`},
		{"list for plan", "- a", `p.yaml:1: this must be a mapping with keys such as name, languages, event_types, not a list`},
		{"text for number", "policy: {diversity: much}", `p.yaml:1: policy.diversity: this must be a number, not a text`},
		{"no number", "policy: {diversity: .nan}", `p.yaml:1: policy.diversity: .nan is not a number that can be reckoned with`},
		{"no whole number", "items: [{stock: 1.5}]", `p.yaml:1: items[0].stock: 1.5 is no whole number in decimal digits`},
		{"octal", "items: [{stock: 010}]", `p.yaml:1: items[0].stock: 010 is no whole number in decimal digits`},
		{"too large", "placements: [{slots: 3000000000}]", `p.yaml:1: placements[0].slots: 3000000000 is too large, too small or negative for this field`},
		{"negative", "journeys: [{version: -1}]", `p.yaml:1: journeys[0].version: -1 is too large, too small or negative for this field`},
		{"no bool", "journeys: [{starts_on: [{same_item: 1}]}]", `p.yaml:1: journeys[0].starts_on[0].same_item: this must be true or false, not a number`},
		{"duration", "policy: {visit_gap: 30}", `p.yaml:1: policy.visit_gap: "30" is no duration; write it as 30m, 1h30m, 14d or 2w`},
		{"duration of another kind", "policy: {visit_gap: []}", `p.yaml:1: policy.visit_gap: this must be a duration such as 30m, 1h30m, 14d or 2w, not a list`},
		{"long duration", "policy: {visit_gap: 20000w}", `p.yaml:1: policy.visit_gap: "20000w" is more than 292 years`},
		{"moment", "items: [{start_time: 1.5.2026}]", `p.yaml:1: items[0].start_time: "1.5.2026" is no moment; write it as 2026-05-01 or 2026-05-01T08:00:00+02:00`},
		{"money", "items: [{price: 24 990 kr}]", `p.yaml:1: items[0].price: "24 990 kr" is no money; write it as 24990 NOK or 249.50 NOK`},
		{"money as number", "items: [{price: 24990}]", `p.yaml:1: items[0].price: this must be money such as 24990 NOK, not a number`},
		{"much money", "items: [{price: 99999999999999999 NOK}]", `p.yaml:1: items[0].price: "99999999999999999 NOK" is too much money`},
		{"twice", "name: a\nname: b", `p.yaml:2: name: the key "name" stands here again, it was first in p.yaml:1`},
		{"list twice", "items: []\nitems: []", `p.yaml:2: items: the key "items" stands here again, it was first in p.yaml:1`},
		{"entry twice", "items:\n- name:\n    nb: a\n    nb: b", `p.yaml:4: items[0].name["nb"]: the key "nb" stands here again, it was first in p.yaml:3`},
		{"bool key", "items: [{name: {true: a}}]", `p.yaml:1: items[0].name: the key true is a yes or no; put it in quotes to make it a text`},
		{"list key", "items: [{[a]: a}]", `p.yaml:1: items[0]: a key must be a text, not a list`},
		{"alias", "items:\n- &a {item_id: x}\n- *a", "p.yaml:2: items[0]: anchors (&a) are not read; leave it out\np.yaml:3: items[1]: aliases (*a) are not read; write the value out"},
		{"merge", "policy:\n  <<: {diversity: 1}", `p.yaml:2: policy: merge keys (<<) are not read; write the values out`},
		{"tag", "name: !!str a", `p.yaml:1: name: tags (!!str) are not read; leave it out`},
		{"two documents", "name: a\n---\nname: b", `p.yaml:2: a file holds one document only; put what comes after --- into a file of its own`},
		{"no YAML", "name: a\n  b: c", `p.yaml:2: this is no YAML: mapping values are not allowed in this context`},
		{"elements", "languages: [1, nb, [sv]]\npolicy: {unsure_kinds: [ofer, 3]}", "p.yaml:1: languages[0]: this must be a text, not a number; put it in quotes\n" +
			"p.yaml:1: languages[2]: this must be a text, not a list\n" +
			"p.yaml:2: policy.unsure_kinds[0]: unknown value \"ofer\", there are content, offer, service, ask, did you mean \"offer\"?\n" +
			"p.yaml:2: policy.unsure_kinds[1]: this must be one of content, offer, service, ask, not a number"},
		{"all at once", "nam: a\npolicy: {diversity: x}\nitems: [{kind: x}, {kin: offer}]", "p.yaml:1: unknown key \"nam\", did you mean \"name\"?\n" +
			"p.yaml:2: policy.diversity: this must be a number, not a text\n" +
			"p.yaml:3: items[0].kind: unknown value \"x\", there are content, offer, service, ask\n" +
			"p.yaml:3: items[1]: unknown key \"kin\" in items[1], did you mean \"kind\"?"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := planpb.ReadFS(folder("p.yaml", tc.in))
			e, ok := errors.AsType[*veiviser.Error](err)
			if !ok || e.Kind != veiviser.KindInvalid || e.Reason != veiviser.ReasonInvalidPlan {
				t.Fatalf("error %v", err)
			}
			var lines []string
			for _, v := range e.Violations {
				lines = append(lines, v.String())
			}
			if diff := cmp.Diff(tc.want, strings.Join(lines, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadRefusesFoldersThatCannotBeRead(t *testing.T) {
	many := fstest.MapFS{}
	for i := range planpb.MaxFiles + 1 {
		many[strings.Repeat("x", i/50+1)+string(rune('a'+i%50))+".yaml"] = &fstest.MapFile{}
	}
	for name, fsys := range map[string]fstest.MapFS{
		"no file":     folder("plan.yml.txt", "name: x"),
		"large":       folder("p.yaml", "name: "+strings.Repeat("x", planpb.MaxFileBytes)),
		"many":        many,
		"name twice":  folder("a.yaml", "name: a", "b.yaml", "name: b"),
		"not allowed": {"p.yaml/q": &fstest.MapFile{}},
	} {
		if _, _, err := planpb.ReadFS(fsys); veiviser.ReasonOf(err) != veiviser.ReasonInvalidPlan {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadStopsCountingMistakes(t *testing.T) {
	_, _, err := planpb.ReadFS(folder("p.yaml", strings.Repeat("languages: 1\n", 1000)))
	e, ok := errors.AsType[*veiviser.Error](err)
	if !ok || len(e.Violations) != planpb.MaxViolations {
		t.Fatalf("error %v", err)
	}
	if last := e.Violations[len(e.Violations)-1].Message; !strings.Contains(last, "more mistakes") {
		t.Error(last)
	}
}

func TestMarshalIsReadBack(t *testing.T) {
	all := &veiviserv1.Plan{}
	fill(all.ProtoReflect())
	check := func(t interface{ Fatalf(string, ...any) }, want *veiviserv1.Plan) {
		data, err := planpb.Marshal(want)
		if err != nil {
			t.Fatalf("%v", err)
		}
		got, _, err := planpb.ReadFS(folder("p.yaml", string(data)))
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Fatalf("%s\n%s", diff, data)
		}
	}
	check(t, all)
	check(t, &veiviserv1.Plan{Policy: &veiviserv1.Policy{VisitGap: &durationpb.Duration{}}, Items: []*veiviserv1.Item{{Price: &veiviserv1.Money{}}}})
	rapid.Check(t, func(t *rapid.T) { check(t, genPlan().Draw(t, "plan")) })
}

func TestMarshalRefusesWhatCannotBeSaid(t *testing.T) {
	for name, p := range map[string]*veiviserv1.Plan{
		"no number":     {Policy: &veiviserv1.Policy{Diversity: math.NaN()}},
		"no UTF-8":      {Name: "\xff"},
		"no UTF-8 key":  {Segments: []*veiviserv1.Segment{{Name: map[string]string{"\xff": ""}}}},
		"no name":       {Items: []*veiviserv1.Item{{Kind: 77}}},
		"long duration": {Policy: &veiviserv1.Policy{VisitGap: &durationpb.Duration{Seconds: 10_000_000_000}}},
		"odd duration":  {Policy: &veiviserv1.Policy{VisitGap: &durationpb.Duration{Seconds: 1, Nanos: -1}}},
		"late moment":   {Items: []*veiviserv1.Item{{StartTime: &timestamppb.Timestamp{Seconds: 1 << 60}}}},
	} {
		if out, err := planpb.Marshal(p); veiviser.ReasonOf(err) != veiviser.ReasonInvalidPlan {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestMarshalReadsWell(t *testing.T) {
	data, err := planpb.Marshal(&veiviserv1.Plan{
		Name: "Sykkel", Languages: []string{"nb", "sv"},
		Segments: []*veiviserv1.Segment{{Id: "new", Name: map[string]string{"nb": "Nye", "en": "New"}, Rule: "visitor.visits <= 1 &&\nvisitor.events > 0"}},
		Items: []*veiviserv1.Item{{
			ItemId: "x", Kind: veiviserv1.ItemKind_ITEM_KIND_OFFER, Price: &veiviserv1.Money{CurrencyCode: "NOK", Micros: 249_500000},
			StartTime: timestamppb.New(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)), Attributes: map[string]string{"size": "29"},
		}},
		Policy: &veiviserv1.Policy{VisitorTtl: durationpb.New(90 * 24 * time.Hour), AttentionCost: 0.04},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `name: Sykkel
languages: [nb, sv]
segments:
  - id: new
    name: {en: New, nb: Nye}
    rule: |-
      visitor.visits <= 1 &&
      visitor.events > 0
items:
  - item_id: x
    kind: offer
    start_time: 2026-05-01
    price: 249.5 NOK
    attributes: {size: "29"}
policy: {visitor_ttl: 90d, attention_cost: 0.04}
`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}

func FuzzReadFS(f *testing.F) {
	for _, name := range planpb.Bundles() {
		fsys, err := planpb.Bundle(name)
		if err != nil {
			f.Fatal(err)
		}
		p, _, err := planpb.ReadFS(fsys)
		if err != nil {
			f.Fatal(err)
		}
		p.Items, p.Journeys = p.Items[:min(len(p.Items), 2)], p.Journeys[:min(len(p.Journeys), 1)]
		data, err := planpb.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{
		"", "name: a\n---\nname: b", "items:\n- &a {item_id: x}\n- *a", "policy: {visit_gap: -9223372036854775808ns}", "items: [{price: -1.5 NOK}]",
		"policy:\n  <<: {}", "? [a]\n: b", "items: [{start_time: 0000-01-01}]", "[[[[[[", "a: &a [*a]", "\xff\xfea\x00:\x00", "name: !!binary aGk=", "policy: {visit_gap: 1w1d1.5h}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		p, sources, err := planpb.ReadFS(folder("p.yaml", string(data)))
		if err != nil {
			e, ok := errors.AsType[*veiviser.Error](err)
			if !ok || e.Reason != veiviser.ReasonInvalidPlan || len(e.Violations) > planpb.MaxViolations {
				t.Fatalf("error %v", err)
			}
			return
		}
		_ = sources.Position("items[0].kind")
		out, err := planpb.Marshal(p)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, _, err := planpb.ReadFS(folder("p.yaml", string(out)))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, out)
		}
		if diff := cmp.Diff(p, again, protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
	})
}
