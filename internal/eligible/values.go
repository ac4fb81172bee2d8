package eligible

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// errNotNative is given when cel-go asks for a Go value of one of ours, which no rule can make it do.
var errNotNative = errors.New("eligible: no native value")

// entries is a string-keyed source of values that a [dictionary] shows to rules.
type entries interface {
	size() int
	find(key string) (ref.Val, bool)
	// keys are in ascending order, so that no rule depends on the order of a Go map.
	keys() []string
}

// attributes are facts as text.
type attributes map[string]string

func (m attributes) size() int { return len(m) }

func (m attributes) find(key string) (ref.Val, bool) {
	v, ok := m[key]
	if !ok {
		return nil, false
	}
	return text(v), true
}

func (m attributes) keys() []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// counts are how often event types happened, sorted by type.
type counts []veiviser.TypeCount

func (c counts) size() int { return len(c) }

func (c counts) find(key string) (ref.Val, bool) {
	t := find(c, key)
	if t == nil {
		return nil, false
	}
	return count(uint64(t.Count)), true
}

func (c counts) keys() []string {
	keys := make([]string, len(c))
	for i, t := range c {
		keys[i] = t.Type
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// find is the entry of an event type, nil when it never happened. The list is short (at most MaxTypeCounts), so it is
// looked through; the order it is said to have is not relied upon.
func find(c []veiviser.TypeCount, eventType string) *veiviser.TypeCount {
	for i := range c[:min(len(c), MaxEntries)] {
		if c[i].Type == eventType {
			return &c[i]
		}
	}
	return nil
}

// newAttributes shows m to rules; of more than MaxEntries entries, the first by key.
func newAttributes(m map[string]string) ref.Val {
	if len(m) <= MaxEntries {
		return dictionary{attributes(m)}
	}
	short := make(attributes, MaxEntries)
	for _, k := range attributes(m).keys()[:MaxEntries] {
		short[k] = m[k]
	}
	return dictionary{short}
}

func newCounts(c []veiviser.TypeCount) ref.Val {
	return dictionary{counts(c[:min(len(c), MaxEntries)])}
}

// newList shows a list of strings to rules: the list itself when it is within the bounds, else what they let through.
func newList(list []string) ref.Val {
	list = list[:min(len(list), MaxEntries)]
	if slices.ContainsFunc(list, func(s string) bool { return len(s) > MaxString }) {
		list = slices.Clone(list)
		for i, s := range list {
			list[i] = clip(s)
		}
	}
	return types.NewStringList(types.DefaultTypeAdapter, list)
}

// dictionary is a map in the eyes of CEL. It reads its source in place, so that asking for one key builds nothing.
type dictionary struct{ entries }

var _ traits.Mapper = dictionary{}

// Find is the value of key, and whether there is one.
func (d dictionary) Find(key ref.Val) (ref.Val, bool) {
	k, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	return d.find(string(k))
}

// Get is the value of key, an error when there is none.
func (d dictionary) Get(key ref.Val) ref.Val {
	if v, ok := d.Find(key); ok {
		return v
	}
	return types.NewErr("no such key")
}

// Contains tells whether there is a value for key.
func (d dictionary) Contains(key ref.Val) ref.Val {
	_, ok := d.Find(key)
	return types.Bool(ok)
}

// Size is the number of entries.
func (d dictionary) Size() ref.Val { return types.Int(d.size()) }

// Iterator goes over the keys in ascending order.
func (d dictionary) Iterator() traits.Iterator {
	keys := d.keys()
	for i := range keys {
		keys[i] = clip(keys[i])
	}
	return types.NewStringList(types.DefaultTypeAdapter, keys).Iterator()
}

// Equal tells whether other is a map with the same entries.
func (d dictionary) Equal(other ref.Val) ref.Val {
	o, ok := other.(dictionary)
	if !ok || o.size() != d.size() {
		return types.False
	}
	for _, k := range d.keys() {
		mine, _ := d.find(k)
		theirs, found := o.find(k)
		if !found || mine.Equal(theirs) != types.True {
			return types.False
		}
	}
	return types.True
}

// ConvertToNative is not supported.
func (d dictionary) ConvertToNative(reflect.Type) (any, error) { return nil, errNotNative }

// ConvertToType supports the type map alone.
func (d dictionary) ConvertToType(t ref.Type) ref.Val {
	if t.TypeName() == types.MapType.TypeName() {
		return d
	}
	return types.NewErr("cannot convert a map to %s", t.TypeName())
}

// Type is map.
func (d dictionary) Type() ref.Type { return types.MapType }

// Value is the source.
func (d dictionary) Value() any { return d.entries }

// String lists the keys, for error texts.
func (d dictionary) String() string { return "{" + strings.Join(d.keys(), ", ") + "}" }
