package plan

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// places are all values inside a plan that can be changed, with their paths.
func places(v reflect.Value, path string, visit func(path string, v reflect.Value)) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		visit(path, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			places(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Slice:
		visit(path, v)
		for i := range v.Len() {
			places(v.Index(i), path+"[]", visit)
		}
	default:
		visit(path, v)
	}
}

// put puts a word, a number or a length into a value.
func put(v reflect.Value, word string, number float64, length int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(word)
	case reflect.Float64:
		v.SetFloat(number)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(number))
	case reflect.Uint32:
		v.SetUint(uint64(uint32(int64(number))))
	case reflect.Uint64:
		v.SetUint(uint64(int64(number)))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), length, length))
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		value := reflect.New(v.Type().Elem()).Elem()
		put(value, word, number, length)
		m.SetMapIndex(reflect.ValueOf(word).Convert(v.Type().Key()), value)
		v.Set(m)
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		put(p.Elem(), word, number, length)
		v.Set(p)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(number), 0)))
		} else if v.NumField() > 0 {
			put(v.Field(0), word, number, length)
		}
	default:
	}
}

// mutate changes the n-th value of a plan.
func mutate(p *veiviser.Plan, n int, word string, number float64, length int) (path string) {
	var at []reflect.Value
	var paths []string
	places(reflect.ValueOf(p).Elem(), "", func(path string, v reflect.Value) {
		at, paths = append(at, v), append(paths, path)
	})
	n %= len(at)
	put(at[n], word, number, length)
	return paths[n]
}

// TestDiffSeesEveryField changes every single value of a plan.
func TestDiffSeesEveryField(t *testing.T) {
	n := 0
	places(reflect.ValueOf(bikes()).Elem(), "", func(string, reflect.Value) { n++ })
	for i := range n {
		p := bikes()
		path := mutate(p, i, "changed", 77, 1)
		same := reflect.DeepEqual(p, bikes())
		counts := !strings.HasSuffix(path, ".Etag") && !strings.HasSuffix(path, ".Updated")
		if changes := Diff(bikes(), p); (len(changes) > 0) != (counts && !same) {
			t.Errorf("%s: %v", path, changes)
		}
	}
}

func TestDiffOfEquals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := vary(t)
		if d := Diff(p, p); len(d) > 0 {
			t.Fatal(d)
		}
		stored, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var again veiviser.Plan
		if err := json.Unmarshal(stored, &again); err != nil {
			t.Fatal(err)
		}
		if d := Diff(p, &again); len(d) > 0 {
			t.Fatalf("differs from what is stored of it: %v", d)
		}
		o := vary(t)
		ab, ba := Diff(p, o), Diff(o, p)
		if len(ab) != len(ba) || !slices.Equal(ab, Diff(p, o)) {
			t.Fatalf("there and back: %v, %v", ab, ba)
		}
		for _, c := range ab {
			if len(c.Before) > maxRendering || len(c.After) > maxRendering || !utf8.ValidString(c.Before+c.After) || c.Path == "" {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func TestDiff(t *testing.T) {
	a, b := bikes(), bikes()
	b.Name = "Bikes and boats"
	b.Journeys[0].Stages[1].Prior = 0.4
	b.Journeys[0].Transitions = b.Journeys[0].Transitions[:2]
	b.Journeys[0].Signals[0].Match.MinPause = time.Minute
	b.Segments = append(b.Segments, veiviser.Segment{ID: "new", Rule: "visitor.visits == 1"})
	b.Segments[0], b.Segments[1] = b.Segments[1], b.Segments[0]
	b.Placements[0].AttentionCost = nil
	b.Items[0].Representations[0].Title = strings.Repeat("Slik velger du på æ ø å ", 9)
	b.Items[1].Stock = new(int64(0))
	b.Items[1].Etag, b.Items[1].Updated = "x", noon
	b.Policy.Effects[1].Add = 0
	want := []veiviser.PlanChange{
		{Path: "name", Op: "changed", Before: "Bikes", After: "Bikes and boats"},
		{Path: "journeys/considered/stages/compare/prior", Op: "changed", Before: "0.2", After: "0.4"},
		{Path: "journeys/considered/transitions/buy→look", Op: "removed", Before: "from: buy, to: look, rate: 0.3"},
		{Path: "journeys/considered/signals/compared/match/min_pause", Op: "changed", Before: "1s", After: "1m0s"},
		{Path: "segments/new", Op: "added", After: "id: new, rule: visitor.visits == 1"},
		{Path: "segments", Op: "changed", Before: "order loyal, riders", After: "order riders, loyal"},
		{Path: "placements/hero/attention_cost", Op: "removed", Before: "0.05"},
		{
			Path: "items/guide/representations/format=card,language=nb/title", Op: "changed", Before: "Slik velger du",
			After: strings.Repeat("Slik velger du på æ ø å ", 4) + "Slik …",
		},
		{Path: "items/fjell-29/stock", Op: "changed", Before: "3", After: "0"},
		{Path: "policy/effects/topic=bike,channel=web,format=card/add", Op: "removed", Before: "-0.1"},
	}
	if d := cmp.Diff(want, Diff(a, b)); d != "" {
		t.Error(d)
	}
	if got := Diff(nil, a); len(got) == 0 || got[0].Op != "added" {
		t.Errorf("everything is new: %v", got)
	}
}
