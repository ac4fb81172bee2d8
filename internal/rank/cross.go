package rank

import (
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// attribute is one of those that crosses are made of. Those of the item come first.
type attribute uint8

const (
	attrItem attribute = iota
	attrKind
	attrTopic
	attrFormat
	attrStage
	attrSegment
	attrChannel
	attrPlacement
	attrDevice
	attrLanguage
	attrSubject
	numAttributes
)

// numOwn is how many attributes are the item's.
const numOwn = attrStage

// cross is a set of attributes whose joint values have weights: those of the item and those of the situation.
type cross struct {
	seed     uint64
	own      []attribute
	outer    []attribute
	variance float64
	// byItem crosses have a weight of their own for every item.
	byItem bool
}

// compileCrosses prepares the crosses of a plan. Attributes that are not known are left out.
func compileCrosses(list []veiviser.Cross) []cross {
	out := make([]cross, 0, len(list))
	for _, c := range list {
		x := cross{variance: finite(c.SD) * finite(c.SD)}
		var attrs []attribute
		for i, name := range veiviser.CrossAttributes() {
			if slices.Contains(c.Attributes, name) {
				attrs = append(attrs, attribute(i))
			}
		}
		x.seed = mix(seedCross)
		for _, a := range attrs {
			x.seed = mix(x.seed ^ uint64(a+1))
			if a < numOwn {
				x.own = append(x.own, a)
			} else {
				x.outer = append(x.outer, a)
			}
		}
		if len(attrs) > 0 && x.variance > 0 {
			x.byItem = x.own != nil && x.own[0] == attrItem
			out = append(out, x)
		}
	}
	return out
}

// Seeds keep the families of weights apart.
const (
	seedCross  = 0x9e3779b97f4a7c15
	seedItem   = 0xc2b2ae3d27d4eb4f
	seedEffect = 0x165667b19e3779f9
)

// mix is the finaliser of SplitMix64: every bit of the result depends on every bit of k.
func mix(k uint64) uint64 {
	k ^= k >> 30
	k *= 0xbf58476d1ce4e5b9
	k ^= k >> 27
	k *= 0x94d049bb133111eb
	k ^= k >> 31
	return max(k, 1)
}

// Key names a weight by words that say what it is about; the words are kept apart.
func Key(words ...string) uint64 {
	k := uint64(seedCross)
	for _, w := range words {
		k = mix(k ^ hash64(w))
	}
	return k
}

// hash64 is FNV-1a with 64 bits, mixed.
func hash64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// weighed is a part of a key with the value of its feature.
type weighed struct {
	key uint64
	x   float64
}

// combine appends the keys of all joint values of attrs, beginning from seed.
func combine(dst []weighed, seed weighed, attrs []attribute, values *[numAttributes][]weighed) []weighed {
	if len(attrs) == 0 {
		return append(dst, seed)
	}
	for _, v := range values[attrs[0]] {
		dst = combine(dst, weighed{mix(seed.key ^ v.key), seed.x * v.x}, attrs[1:], values)
	}
	return dst
}

// setOwn fills in the values of the attributes of an item in a format.
func setOwn(values *[numAttributes][]weighed, it *veiviser.Item, format string) {
	values[attrItem] = one(values[attrItem][:0], it.ID)
	values[attrKind] = one(values[attrKind][:0], string(it.Kind))
	values[attrFormat] = one(values[attrFormat][:0], format)
	values[attrTopic] = values[attrTopic][:0]
	for i, topic := range it.Topics {
		if !slices.Contains(it.Topics[:i], topic) {
			values[attrTopic] = one(values[attrTopic], topic)
		}
	}
}

// setOuter fills in the values of the attributes of a situation; p are the probabilities of the stages.
func setOuter(values *[numAttributes][]weighed, s *Situation, p *[numStages]float64) {
	values[attrStage] = values[attrStage][:0]
	for i, stage := range veiviser.StandardStages() {
		if p[i] >= negligibleStage {
			values[attrStage] = append(values[attrStage], weighed{hash64(string(stage)), p[i]})
		}
	}
	values[attrSegment] = values[attrSegment][:0]
	for i, segment := range s.Segments {
		if !slices.Contains(s.Segments[:i], segment) {
			values[attrSegment] = one(values[attrSegment], segment)
		}
	}
	for _, v := range [...]struct {
		at    attribute
		value string
	}{
		{attrChannel, s.Channel},
		{attrPlacement, s.Placement},
		{attrDevice, s.Device},
		{attrLanguage, veiviser.PrimaryLanguage(s.Language)},
		{attrSubject, s.Subject},
	} {
		values[v.at] = one(values[v.at][:0], v.value)
	}
}

// negligibleStage is the probability under which a stage has no feature.
const negligibleStage = 1e-3

// one appends a value that counts fully; "" is none.
func one(dst []weighed, value string) []weighed {
	if value == "" {
		return dst
	}
	return append(dst, weighed{hash64(value), 1})
}

// itemStageKey names the weight of an item in a stage.
func itemStageKey(item uint64, stage int) uint64 {
	return mix(item ^ seedItem*uint64(stage+1))
}

// effectKey names the weight of a row of the plan's effects, by its conditions.
func effectKey(c *condition, e *effect) uint64 {
	k := uint64(seedEffect)
	stage := ""
	if e.stage >= 0 {
		stage = string(veiviser.StandardStages()[e.stage])
	}
	for _, w := range [...]string{c.item, string(c.kind), c.topic, stage, e.segment, e.channel, e.format} {
		k = mix(k ^ hash64(w))
	}
	return k
}
