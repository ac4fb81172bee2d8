package plan

import (
	"math/bits"
	"slices"
)

// bitmap is a set of slots, one bit each. The bits beyond the last slot are 0.
type bitmap []uint64

func words(n int) int { return (n + 63) / 64 }

func (b bitmap) has(slot int32) bool { return b[slot>>6]&(1<<(slot&63)) != 0 }
func (b bitmap) add(slot int32)      { b[slot>>6] |= 1 << (slot & 63) }
func (b bitmap) drop(slot int32)     { b[slot>>6] &^= 1 << (slot & 63) }

func (b bitmap) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// fill sets the first n bits and clears the others.
func (b bitmap) fill(n int) {
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[len(b)-1] = 1<<(n%64) - 1
	}
}

// without takes the slots of o out of b.
func (b bitmap) without(o bitmap) {
	o = o[:len(b)]
	for i := range b {
		b[i] &^= o[i]
	}
}

// slots calls yield for every slot in order until it returns false.
func (b bitmap) slots(yield func(int32) bool) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			if !yield(int32(i<<6 + bits.TrailingZeros64(w))) {
				return
			}
		}
	}
}

// set is a set of slots that never changes: a bitmap, or a sorted list when that is smaller. The zero value is empty.
type set struct {
	dense  bitmap
	sparse []int32
}

// addTo puts the slots into b.
func (s *set) addTo(b bitmap) {
	for i, w := range s.dense {
		b[i] |= w
	}
	for _, slot := range s.sparse {
		b.add(slot)
	}
}

// takeFrom takes the slots out of b.
func (s *set) takeFrom(b bitmap) {
	if s.dense != nil {
		b.without(s.dense)
	}
	for _, slot := range s.sparse {
		b.drop(slot)
	}
}

// meet makes dst the slots that s and b share, and reports whether there are any.
func (s *set) meet(dst, b bitmap) bool {
	if s.dense != nil {
		shared := uint64(0)
		d, b := s.dense[:len(dst)], b[:len(dst)]
		for i := range dst {
			w := d[i] & b[i]
			dst[i] = w
			shared |= w
		}
		return shared != 0
	}
	if !s.meets(b) {
		return false
	}
	clear(dst)
	for _, slot := range s.sparse {
		dst[slot>>6] |= b[slot>>6] & (1 << (slot & 63))
	}
	return true
}

// meets reports whether s and b share a slot.
func (s *set) meets(b bitmap) bool {
	for i, w := range s.dense {
		if w&b[i] != 0 {
			return true
		}
	}
	return slices.ContainsFunc(s.sparse, b.has)
}

// each calls yield for every slot in order until it returns false.
func (s *set) each(yield func(int32) bool) {
	if s.dense != nil {
		s.dense.slots(yield)
		return
	}
	for _, slot := range s.sparse {
		if !yield(slot) {
			return
		}
	}
}

// makeSets builds one set per feature from the features of every slot.
func makeSets(entries []*entry, features int) []set {
	counts := make([]int32, features)
	for _, e := range entries {
		for _, f := range e.features {
			counts[f]++
		}
	}
	size := words(len(entries))
	dense, sparse := 0, 0
	for _, n := range counts {
		if isDense(n, size) {
			dense += size
		} else {
			sparse += int(n)
		}
	}
	sets := make([]set, features)
	bitmaps, lists := make(bitmap, dense), make([]int32, sparse)
	for f, n := range counts {
		switch {
		case isDense(n, size):
			sets[f].dense, bitmaps = bitmaps[:size:size], bitmaps[size:]
		case n > 0:
			sets[f].sparse, lists = lists[:0:n], lists[n:]
		}
	}
	for slot, e := range entries {
		for _, f := range e.features {
			if s := &sets[f]; s.dense != nil {
				s.dense.add(int32(slot))
			} else {
				s.sparse = append(s.sparse, int32(slot))
			}
		}
	}
	return sets
}

// toggled is s with some slots put in or taken out, whichever changes something.
func (s *set) toggled(slots []int32, n int) set {
	b := make(bitmap, words(n))
	s.addTo(b)
	for _, slot := range slots {
		b[slot>>6] ^= 1 << (slot & 63)
	}
	count := int32(b.count())
	if isDense(count, len(b)) {
		return set{dense: b}
	}
	var t set
	if count > 0 {
		t.sparse = slices.AppendSeq(make([]int32, 0, count), b.slots)
	}
	return t
}

// isDense says that n slots take more room as a list than as a bitmap of so many words.
func isDense(n int32, words int) bool { return n > 0 && int(n) >= 2*words }
