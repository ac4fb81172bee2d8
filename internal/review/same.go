package review

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Again decides an answer again on the snapshot it was decided upon, and says where the two differ first; "" when they are
// the same in every bit. An empty list is the same as none, and a moment the same in every time zone.
func Again(snap *plan.Snapshot, a *veiviser.Answer) string {
	for i := range a.Request.Placements {
		if id := a.Request.Placements[i].Placement; !has(snap, id) {
			return fmt.Sprintf("Request.Placements[%d]: plan version %d has no placement %q", i, snap.Version, id)
		}
	}
	again := decide.Decide(snap, decide.Again(a))
	path, what := differ(reflect.ValueOf(a).Elem(), reflect.ValueOf(&again).Elem())
	if what == "" {
		return ""
	}
	if path != "" && path[0] == '.' {
		path = path[1:]
	}
	return path + ": " + what
}

func has(snap *plan.Snapshot, placement string) bool {
	_, ok := snap.Placement(placement)
	return ok
}

var timeType = reflect.TypeFor[time.Time]()

// differ finds the first difference of two values of one type: where it is, and what; what is "" when there is none. Paths are
// put together on the way back, so that what is the same costs nothing but the comparison.
func differ(a, b reflect.Value) (path, what string) {
	switch a.Kind() {
	case reflect.Struct:
		if a.Type() == timeType {
			return "", ifNot(sameTime(a, b), a, b)
		}
		for i := range a.NumField() {
			if path, what := differ(a.Field(i), b.Field(i)); what != "" {
				return "." + a.Type().Field(i).Name + path, what
			}
		}
		return "", ""
	case reflect.Slice:
		if a.Len() != b.Len() {
			return "", fmt.Sprintf("%d were logged, %d come now", a.Len(), b.Len())
		}
		return differEach(a, b)
	case reflect.Array:
		return differEach(a, b)
	case reflect.Map:
		return differMap(a, b)
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return "", ifNot(a.IsNil() == b.IsNil(), a, b)
		}
		return differ(a.Elem(), b.Elem())
	case reflect.Float32, reflect.Float64: // bit for bit: 0 is not -0, and a NaN is itself
		return "", ifNot(math.Float64bits(a.Float()) == math.Float64bits(b.Float()), a, b)
	default: // numbers, texts, true and false
		return "", ifNot(a.Equal(b), a, b)
	}
}

func differEach(a, b reflect.Value) (path, what string) {
	for i := range a.Len() {
		if path, what := differ(a.Index(i), b.Index(i)); what != "" {
			return "[" + strconv.Itoa(i) + "]" + path, what
		}
	}
	return "", ""
}

func differMap(a, b reflect.Value) (path, what string) {
	if a.Len() != b.Len() {
		return "", fmt.Sprintf("%d were logged, %d come now", a.Len(), b.Len())
	}
	for it := a.MapRange(); it.Next(); {
		other := b.MapIndex(it.Key())
		if !other.IsValid() {
			return fmt.Sprintf("[%v]", it.Key()), "was logged, does not come now"
		}
		if path, what := differ(it.Value(), other); what != "" {
			return fmt.Sprintf("[%v]", it.Key()) + path, what
		}
	}
	return "", ""
}

func sameTime(a, b reflect.Value) bool {
	x, _ := reflect.TypeAssert[time.Time](a)
	y, _ := reflect.TypeAssert[time.Time](b)
	return x.Equal(y)
}

// ifNot tells what was logged and what comes now, unless they are the same.
func ifNot(same bool, a, b reflect.Value) string {
	if same {
		return ""
	}
	return shown(a) + " was logged, " + shown(b) + " comes now"
}

func shown(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Pointer:
		if v.IsNil() {
			return "nothing"
		}
		return "something"
	default:
		return fmt.Sprint(v)
	}
}
