package rank

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// evidence is what was observed about one weight, in natural parameters: what observations added to the precision of the
// belief, and to precision times mean. With a prior N(m, v) the belief is N((m/v + eta)/(1/v + lambda), 1/(1/v + lambda)).
type evidence struct {
	key         uint64
	eta, lambda float64
}

// under is the belief about the weight with the given prior. A weight without prior variance is certain.
func (e *evidence) under(mean, variance, scale float64) (m, v float64) {
	if variance <= 0 {
		return mean, 0
	}
	v = 1 / (1/variance + scale*e.lambda)
	return v * (mean/variance + scale*e.eta), v
}

// table finds evidence by key: a hash table with open addressing, because a candidate asks it some twenty times. Keys are
// well mixed already; 0 is no key. The zero value is an empty table.
type table struct {
	slots []evidence
	n     int
}

// find is the evidence of a key, nil when there is none. It stays where it is until the next add.
func (t *table) find(key uint64) *evidence {
	if len(t.slots) == 0 {
		return nil
	}
	mask := uint64(len(t.slots) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		e := &t.slots[i]
		if e.key == key {
			return e
		}
		if e.key == 0 {
			return nil
		}
	}
}

// add is the evidence of a key, made when there is none.
func (t *table) add(key uint64) *evidence {
	if e := t.find(key); e != nil {
		return e
	}
	if 4*(t.n+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]evidence, max(64, 2*len(old)))
		for i := range old {
			if old[i].key != 0 {
				*t.place(old[i].key) = old[i]
			}
		}
	}
	t.n++
	e := t.place(key)
	e.key = key
	return e
}

// place is the free slot of a key that is not in the table.
func (t *table) place(key uint64) *evidence {
	mask := uint64(len(t.slots) - 1)
	i := key & mask
	for t.slots[i].key != 0 {
		i = (i + 1) & mask
	}
	return &t.slots[i]
}

// clone is a copy that shares nothing.
func (t *table) clone() table { return table{slots: slices.Clone(t.slots), n: t.n} }

// forget drops what counts for nothing any more, at the given scale.
func (t *table) forget(scale float64) {
	old := t.slots
	*t = table{}
	for i := range old {
		if old[i].key != 0 && scale*old[i].lambda > negligibleEvidence {
			*t.add(old[i].key) = old[i]
		}
	}
}

// negligibleEvidence is the precision, relative to a prior of about 1, under which evidence is dropped when room is made.
const negligibleEvidence = 1e-6

// evidenceBytes is what an entry takes when it is written.
const evidenceBytes = 24

// appendTo writes the table, in ascending order of keys so that the same evidence gives the same bytes.
func (t *table) appendTo(b []byte) []byte {
	keys := make([]uint64, 0, t.n)
	for i := range t.slots {
		if k := t.slots[i].key; k != 0 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		e := t.find(k)
		b = binary.LittleEndian.AppendUint64(b, k)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(e.eta))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(e.lambda))
	}
	return b
}

var errEvidence = errors.New("rank: this is no evidence")

// readTable reads what appendTo wrote.
func readTable(b []byte) (table, error) {
	var t table
	if len(b)%evidenceBytes != 0 {
		return t, errEvidence
	}
	for ; len(b) > 0; b = b[evidenceBytes:] {
		key := binary.LittleEndian.Uint64(b)
		eta := math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
		lambda := math.Float64frombits(binary.LittleEndian.Uint64(b[16:]))
		if key == 0 || lambda < 0 || finite(eta) != eta || finite(lambda) != lambda || t.find(key) != nil {
			return table{}, errEvidence
		}
		*t.add(key) = evidence{key, eta, lambda}
	}
	return t, nil
}
