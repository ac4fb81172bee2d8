package veiviser

import (
	"maps"
	"slices"
	"time"
)

// Clone returns a deep copy that shares nothing with v that either of them may change; nil for nil.
func (v *Visitor) Clone() *Visitor {
	if v == nil {
		return nil
	}
	c := *v
	c.LinkedIDs = slices.Clone(v.LinkedIDs)
	c.Attributes = maps.Clone(v.Attributes)
	c.Answers = maps.Clone(v.Answers)
	c.Counts = slices.Clone(v.Counts)
	c.Recent = slices.Clone(v.Recent)
	c.Segments = slices.Clone(v.Segments)
	c.Needs = slices.Clone(v.Needs)
	for i := range c.Needs {
		c.Needs[i] = c.Needs[i].Clone()
	}
	c.Standing = v.Standing.Clone()
	return &c
}

// Unprofiled is the visitor without anything that is known of what she did: her identities, her group and her standing, but for
// what the standing has from what she did: where she came from, the segments she was in, and her rung. It shares them with v.
func (v *Visitor) Unprofiled() *Visitor {
	out := &Visitor{ID: v.ID, LinkedIDs: v.LinkedIDs, Group: v.Group, Standing: v.Standing}
	s := &out.Standing
	s.Acquired, s.Relation.Source, s.Relation.Rung, s.Relation.RungSince = Acquired{}, "", "", time.Time{}
	return out
}

// HasProfile reports whether anything is remembered of what she did.
func (v *Visitor) HasProfile() bool {
	return v.Events > 0 || len(v.Needs) > 0 || len(v.Attributes) > 0 || len(v.Recent) > 0
}

// Clone returns a deep copy.
func (n *Need) Clone() Need {
	c := *n
	c.Stages = slices.Clone(n.Stages)
	c.Standard = slices.Clone(n.Standard)
	c.P = slices.Clone(n.P)
	c.Evidence = slices.Clone(n.Evidence)
	c.Words = slices.Clone(n.Words)
	for i := range c.Words {
		c.Words[i].P = slices.Clone(c.Words[i].P)
	}
	c.Repeats = slices.Clone(n.Repeats)
	c.Items = slices.Clone(n.Items)
	return c
}
