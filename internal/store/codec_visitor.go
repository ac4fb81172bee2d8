package store

import (
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// codecVersion is the first byte of every payload. A change of the layout takes the next number and keeps reading this.
const codecVersion = 4

// The least number of bytes that an element of a list takes.
const (
	minTypeCount = 4
	minSeen      = 4
	minNeed      = 13
	minEvidence  = 12
	minRepeat    = 2
	minWord      = 5 + bytesFloat
	bytesFloat   = 8
)

// visitor writes v; times are relative to when she was last seen.
func (w *writer) visitor(v *veiviser.Visitor) {
	outer := w.base
	w.baseTime(v.LastSeen)
	w.string(v.ID)
	w.strings(v.LinkedIDs)
	w.time(v.FirstSeen)
	w.uint(uint64(v.Visits))
	w.uint(uint64(v.Events))
	w.float(v.Value)
	w.stringMap(v.Attributes)
	w.uint(uint64(len(v.Counts)))
	for i := range v.Counts {
		c := &v.Counts[i]
		w.string(c.Type)
		w.uint(uint64(c.Count))
		w.uint(uint64(c.InVisit))
		w.time(c.Last)
		w.uint(uint64(c.At))
		w.uint(uint64(c.InVisitAt))
		w.floats(c.Pace, c.Visits, c.Ahead, c.Lately[0], c.Lately[1], c.Delay)
	}
	w.uint(uint64(len(v.Recent)))
	for i := range v.Recent {
		s := &v.Recent[i]
		w.string(s.ItemID)
		w.string(s.Subject)
		w.uint(uint64(s.Count))
		w.time(s.Last)
		w.time(s.First)
		w.uint(uint64(s.InVisit))
		w.uint(uint64(s.Acts))
	}
	w.visit(&v.Visit)
	w.moment(&v.Moment)
	p := &v.Past
	w.floats(p.Visits, p.Events, p.Active, p.Lately[0], p.Lately[1])
	w.uint(uint64(p.NewItems))
	w.int(int64(p.Gap))
	w.sequels(&v.Sequels)
	w.uint(uint64(len(v.Needs)))
	for i := range v.Needs {
		w.need(&v.Needs[i])
	}
	w.strings(v.Segments)
	w.string(string(v.Stage))
	w.string(string(v.Group))
	w.stringMap(v.Answers)
	w.standing(&v.Standing)
	w.string(v.Region)
	w.base = outer
}

func (r *reader) visitor(v *veiviser.Visitor) {
	outer := r.base
	v.LastSeen = r.baseTime()
	v.ID = r.string()
	v.LinkedIDs = r.strings()
	v.FirstSeen = r.time()
	v.Visits = r.uint32()
	v.Events = r.uint32()
	v.Value = r.float()
	v.Attributes = r.stringMap()
	if n := r.count(minTypeCount); n > 0 {
		v.Counts = make([]veiviser.TypeCount, n)
		for i := range v.Counts {
			c := &v.Counts[i]
			*c = veiviser.TypeCount{Type: r.string(), Count: r.uint32(), InVisit: r.uint32(), Last: r.time()}
			if r.version < 2 {
				c.At, c.InVisitAt = v.Events, c.InVisit // the nearest there is
				continue
			}
			c.At, c.InVisitAt = r.uint32(), r.uint32()
			r.floats(&c.Pace, &c.Visits, &c.Ahead, &c.Lately[0], &c.Lately[1], &c.Delay)
		}
	}
	v.Recent = list(r, minSeen, r.seen)
	r.visit(&v.Visit)
	if r.version >= 2 {
		r.moment(&v.Moment)
		p := &v.Past
		r.floats(&p.Visits, &p.Events, &p.Active, &p.Lately[0], &p.Lately[1])
		p.NewItems = r.uint32()
		p.Gap = time.Duration(r.int())
		r.sequels(&v.Sequels)
	}
	v.Needs = list(r, minNeed, r.need)
	v.Segments = r.strings()
	v.Stage = veiviser.StandardStage(r.string())
	if r.version >= 3 {
		v.Group = veiviser.Group(r.string())
	}
	if r.version >= 4 {
		v.Answers = r.stringMap()
	}
	r.standing(&v.Standing)
	if r.version >= 4 {
		v.Region = r.string()
	} else {
		customer(v)
	}
	r.base = outer
}

func (r *reader) seen(s *veiviser.Seen) {
	*s = veiviser.Seen{ItemID: r.string(), Subject: r.string(), Count: r.uint32(), Last: r.time()}
	if s.First = s.Last; r.version >= 2 {
		s.First, s.InVisit, s.Acts = r.time(), r.uint32(), veiviser.Acts(r.uint32())
	}
}

func (w *writer) visit(v *veiviser.Visit) {
	w.time(v.Start)
	w.time(v.Last)
	w.uint(uint64(v.Events))
	for _, s := range [...]string{v.Channel, v.Device, v.Language, v.Referrer, v.Page, v.Query} {
		w.string(s)
	}
}

func (r *reader) visit(v *veiviser.Visit) {
	v.Start = r.time()
	v.Last = r.time()
	v.Events = r.uint32()
	for _, s := range [...]*string{&v.Channel, &v.Device, &v.Language, &v.Referrer, &v.Page, &v.Query} {
		*s = r.string()
	}
}

func (w *writer) moment(m *veiviser.Moment) {
	w.string(m.Type)
	w.string(m.Before)
	w.string(m.Subject)
	w.int(int64(m.Pause))
	w.int(int64(m.ItemAge))
	for _, n := range [...]uint32{
		m.ItemEvents, m.ItemInVisit, m.SubjectEvents, m.SubjectInVisit, uint32(m.ItemActs), uint32(m.SubjectActs), m.Run, m.Items, m.Subjects,
	} {
		w.uint(uint64(n))
	}
}

func (r *reader) moment(m *veiviser.Moment) {
	m.Type, m.Before, m.Subject = r.string(), r.string(), r.string()
	m.Pause, m.ItemAge = time.Duration(r.int()), time.Duration(r.int())
	m.ItemEvents, m.ItemInVisit, m.SubjectEvents, m.SubjectInVisit = r.uint32(), r.uint32(), r.uint32(), r.uint32()
	m.ItemActs, m.SubjectActs = veiviser.Acts(r.uint32()), veiviser.Acts(r.uint32())
	m.Run, m.Items, m.Subjects = r.uint32(), r.uint32(), r.uint32()
}

// sequels writes only what is not zero: most of it is.
func (w *writer) sequels(s *veiviser.Sequels) {
	w.sparse(s.Events[:])
	w.sparse(s.Now[:])
	for c := range s.Ahead {
		w.sparse(s.Ahead[c][:])
		w.sparse(s.Open[c][:])
	}
}

func (r *reader) sequels(s *veiviser.Sequels) {
	r.sparse(s.Events[:])
	r.sparse(s.Now[:])
	for c := range s.Ahead {
		r.sparse(s.Ahead[c][:])
		r.sparse(s.Open[c][:])
	}
}

// sparse writes up to 16 counters: a bit for each that is not zero, and these.
func (w *writer) sparse(counts []uint32) {
	bits := uint64(0)
	for i, n := range counts {
		if n != 0 {
			bits |= 1 << i
		}
	}
	w.uint(bits)
	for _, n := range counts {
		if n != 0 {
			w.uint(uint64(n))
		}
	}
}

func (r *reader) sparse(counts []uint32) {
	bits := r.uint32()
	for i := range counts {
		if bits>>i&1 == 1 {
			counts[i] = r.uint32()
		}
	}
}

func (w *writer) floats(list ...float64) {
	for _, f := range list {
		w.float(f)
	}
}

func (r *reader) floats(list ...*float64) {
	for _, f := range list {
		*f = r.float()
	}
}

func (r *reader) standards(n *veiviser.Need) {
	k := r.count(1)
	if k == 0 {
		return
	}
	n.Standard = make([]veiviser.StandardStage, k)
	for i := range n.Standard {
		n.Standard[i] = veiviser.StandardStage(r.string())
	}
}

func (w *writer) need(n *veiviser.Need) {
	w.string(n.Journey)
	w.uint(uint64(n.Version))
	w.string(n.Subject)
	w.time(n.Started)
	w.time(n.Updated)
	w.uint(uint64(n.Events))
	w.strings(n.Stages)
	w.uint(uint64(len(n.P)))
	for _, p := range n.P {
		w.float(p)
	}
	w.uint(uint64(len(n.Standard)))
	for _, s := range n.Standard {
		w.string(string(s))
	}
	w.uint(uint64(len(n.Evidence)))
	for i := range n.Evidence {
		e := &n.Evidence[i]
		w.string(e.Signal)
		w.time(e.Time)
		w.uint(uint64(e.Count))
		w.string(e.Stage)
		w.float(e.Weight)
	}
	each(w, n.Words, w.needWord)
	w.uint(uint64(n.VisitEvents))
	w.string(n.VisitChannel)
	w.string(n.VisitReferrer)
	w.uint(uint64(len(n.Repeats)))
	for i := range n.Repeats {
		w.string(n.Repeats[i].Type)
		w.uint(uint64(n.Repeats[i].Count))
	}
	w.uint(uint64(len(n.Items)))
	for _, h := range n.Items {
		w.uint(uint64(h))
	}
}

func (r *reader) need(n *veiviser.Need) {
	n.Journey = r.string()
	n.Version = r.uint32()
	n.Subject = r.string()
	n.Started = r.time()
	n.Updated = r.time()
	n.Events = r.uint32()
	n.Stages = r.strings()
	if k := r.count(bytesFloat); k > 0 {
		n.P = make([]float64, k)
		for i := range n.P {
			n.P[i] = r.float()
		}
	}
	if r.version >= 2 {
		r.standards(n)
	}
	if k := r.count(minEvidence); k > 0 {
		n.Evidence = make([]veiviser.Evidence, k)
		for i := range n.Evidence {
			n.Evidence[i] = veiviser.Evidence{
				Signal: r.string(), Time: r.time(), Count: r.uint32(), Stage: r.string(), Weight: r.float(),
			}
		}
	}
	if r.version >= 4 {
		n.Words = list(r, minWord, r.needWord)
	}
	n.VisitEvents = r.uint32()
	n.VisitChannel = r.string()
	n.VisitReferrer = r.string()
	if k := r.count(minRepeat); k > 0 {
		n.Repeats = make([]veiviser.Repeat, k)
		for i := range n.Repeats {
			n.Repeats[i] = veiviser.Repeat{Type: r.string(), Count: r.uint32()}
		}
	}
	if k := r.count(1); k > 0 {
		n.Items = make([]uint32, k)
		for i := range n.Items {
			n.Items[i] = r.uint32()
		}
	}
}

func (w *writer) needWord(n *veiviser.NeedWord) {
	w.uint(n.Wish)
	w.time(n.Time)
	w.string(n.Stage)
	w.float(n.Weight)
	each(w, n.P, func(p *float64) { w.float(*p) })
	w.time(n.Updated)
}

func (r *reader) needWord(n *veiviser.NeedWord) {
	*n = veiviser.NeedWord{
		Wish: r.uint(), Time: r.time(), Stage: r.string(), Weight: r.float(),
		P: list(r, bytesFloat, func(p *float64) { *p = r.float() }), Updated: r.time(),
	}
}
