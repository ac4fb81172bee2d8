package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Operations of a [veiviser.PlanChange].
const (
	opAdded   = "added"
	opRemoved = "removed"
	opChanged = "changed"
)

// Diff says how two plans differ: what has an id (journeys, stages, signals, transitions, segments, placements, items,
// representations, priors, effects, weights, outcomes, crosses) is added, removed or changed as such, everything else field
// by field, in the names of plan.proto: "journeys/considered/stages/evaluate/prior", "policy/learning/outcomes/click/weight".
// A forecast is one field, however many numbers of it differ. Lists whose elements only stand in another order are changed,
// too. Two plans without differences answer alike. Etags and times of update do not count.
//
// The order is that of the plan, what is removed last in its list.
func Diff(before, after *veiviser.Plan) []veiviser.PlanChange {
	var d differ
	d.structs("", reflect.ValueOf(orEmpty(before)).Elem(), reflect.ValueOf(orEmpty(after)).Elem())
	return d.changes
}

func orEmpty(p *veiviser.Plan) *veiviser.Plan {
	if p == nil {
		return &veiviser.Plan{}
	}
	return p
}

// differ gathers changes.
type differ struct{ changes []veiviser.PlanChange }

func (d *differ) add(path, op, before, after string) {
	d.changes = append(d.changes, veiviser.PlanChange{Path: path, Op: op, Before: before, After: after})
}

// structs compares two structs field by field.
func (d *differ) structs(path string, a, b reflect.Value) {
	t := a.Type()
	for i := range t.NumField() {
		name := fieldName(t, i)
		if name == "" {
			continue
		}
		x, y, at := a.Field(i), b.Field(i), join(path, name)
		switch {
		case x.Kind() == reflect.Slice && x.Type().Elem().Kind() == reflect.Struct:
			d.lists(at, x, y)
		case x.Type() == reflect.TypeFor[veiviser.Forecast]():
			d.forecasts(at, x, y)
		case x.Kind() == reflect.Struct && x.Type() != reflect.TypeFor[time.Time]():
			d.structs(at, x, y)
		case same(x, y):
		case empty(x):
			d.add(at, opAdded, "", render(y))
		case empty(y):
			d.add(at, opRemoved, render(x), "")
		default:
			d.add(at, opChanged, render(x), render(y))
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// lists compares two lists whose elements have a key.
func (d *differ) lists(path string, a, b reflect.Value) {
	keysA, keysB := keys(a), keys(b)
	at := make(map[string]int, len(keysA))
	for i, k := range keysA {
		at[k] = i
	}
	there := make(map[string]bool, len(keysB))
	var kept []string
	for i, k := range keysB {
		there[k] = true
		if was, ok := at[k]; ok {
			kept = append(kept, k)
			if reflect.DeepEqual(a.Index(was).Addr().Interface(), b.Index(i).Addr().Interface()) {
				continue // as nearly always, and much faster
			}
			d.structs(join(path, k), a.Index(was), b.Index(i))
		} else {
			d.add(join(path, k), opAdded, "", render(b.Index(i)))
		}
	}
	keysA = slices.DeleteFunc(keysA, func(k string) bool {
		if !there[k] {
			d.add(join(path, k), opRemoved, render(a.Index(at[k])), "")
		}
		return !there[k]
	})
	if !slices.Equal(keysA, kept) {
		d.add(path, opChanged, cut("order "+strings.Join(keysA, ", ")), cut("order "+strings.Join(kept, ", ")))
	}
}

// keys names the elements of a list, each differently.
func keys(list reflect.Value) []string {
	out := make([]string, list.Len())
	seen := make(map[string]int, list.Len())
	for i := range out {
		k := keyOf(list.Index(i).Addr().Interface())
		if k == "" {
			k = "any"
		}
		seen[k]++
		if n := seen[k]; n > 1 {
			k = fmt.Sprintf("%s#%d", k, n)
		}
		out[i] = k
	}
	return out
}

// keyOf is what an element is known by.
func keyOf(v any) string {
	switch e := v.(type) {
	case *veiviser.Journey:
		return e.ID
	case *veiviser.Stage:
		return e.ID
	case *veiviser.Signal:
		return e.ID
	case *veiviser.Segment:
		return e.ID
	case *veiviser.Placement:
		return e.ID
	case *veiviser.Item:
		return e.ID
	case *veiviser.Transition:
		return e.From + "→" + e.To
	case *veiviser.StageMapping:
		return e.From
	case *veiviser.Representation:
		return pairs("format", e.Format, "language", e.Language, "channels", strings.Join(e.Channels, "+"))
	case *veiviser.ContextWeight:
		return e.Name
	case *veiviser.OutcomeRule:
		return e.Type
	case *veiviser.Cross:
		return strings.Join(e.Attributes, "+")
	case *veiviser.ResponsePrior:
		return pairs("kind", string(e.Kind), "stage", string(e.Stage))
	case *veiviser.ResponseEffect:
		return pairs("item", e.ItemID, "segment", e.Segment, "kind", string(e.Kind), "topic", e.Topic,
			"stage", string(e.Stage), "channel", e.Channel, "format", e.Format)
	case *veiviser.Rung:
		return e.ID
	case *veiviser.Tier:
		return e.ID
	case *veiviser.AcquisitionCost:
		return pairs("source", e.Source, "segment", e.Segment)
	case *veiviser.RecoveryStep:
		return e.After.String()
	}
	return "" // matches: known by their position alone
}

// pairs writes the pairs that are set: "kind=offer,stage=use".
func pairs(words ...string) string {
	var out []string
	for pair := range slices.Chunk(words, 2) {
		if pair[1] != "" {
			out = append(out, strings.Join(pair, "="))
		}
	}
	return strings.Join(out, ",")
}

// fieldName is how plan.proto calls a field; "" for what does not count.
func fieldName(t reflect.Type, i int) string {
	f := t.Field(i)
	switch f.Name {
	case "Etag", "Updated":
		return ""
	case "ID":
		if t == reflect.TypeFor[veiviser.Item]() {
			return "item_id"
		}
	case "Control":
		if t == reflect.TypeFor[veiviser.Recovery]() {
			return "control_share"
		}
	case "Items":
		if t == reflect.TypeFor[veiviser.RecoveryStep]() {
			return "item_ids"
		}
	case "Fallback":
		return "fallback_item_ids"
	case "Start", "End":
		return strings.ToLower(f.Name) + "_time"
	case "From":
		if t == reflect.TypeFor[veiviser.Provenance]() {
			return "start_time"
		}
	case "To":
		if t == reflect.TypeFor[veiviser.Provenance]() {
			return "end_time"
		}
	case "SD":
		return "standard_deviation"
	case "Currency":
		return "currency_code"
	}
	return snake(f.Name)
}

// snake turns "ImageURL" into "image_url".
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 && !(name[i-1] >= 'A' && name[i-1] <= 'Z') {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

// same compares two values; nil and empty lists and maps are the same.
func same(a, b reflect.Value) bool {
	if t, ok := reflect.TypeAssert[time.Time](a); ok {
		u, _ := reflect.TypeAssert[time.Time](b)
		return t.Equal(u)
	}
	if k := a.Kind(); (k == reflect.Slice || k == reflect.Map) && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// empty reports whether there is nothing to show: a value that is not set.
func empty(v reflect.Value) bool {
	if k := v.Kind(); k == reflect.Slice || k == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}
