package store

import "github.com/veiviser/veiviser/internal/veiviser"

// codecVersion is the first byte of every payload. A change of the layout takes the next number and keeps reading this.
const codecVersion = 1

// The least number of bytes that an element of a list takes.
const (
	minTypeCount = 4
	minSeen      = 4
	minNeed      = 13
	minEvidence  = 12
	minRepeat    = 2
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
	}
	w.uint(uint64(len(v.Recent)))
	for i := range v.Recent {
		s := &v.Recent[i]
		w.string(s.ItemID)
		w.string(s.Subject)
		w.uint(uint64(s.Count))
		w.time(s.Last)
	}
	w.visit(&v.Visit)
	w.uint(uint64(len(v.Needs)))
	for i := range v.Needs {
		w.need(&v.Needs[i])
	}
	w.strings(v.Segments)
	w.string(string(v.Stage))
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
			v.Counts[i] = veiviser.TypeCount{Type: r.string(), Count: r.uint32(), InVisit: r.uint32(), Last: r.time()}
		}
	}
	if n := r.count(minSeen); n > 0 {
		v.Recent = make([]veiviser.Seen, n)
		for i := range v.Recent {
			v.Recent[i] = veiviser.Seen{ItemID: r.string(), Subject: r.string(), Count: r.uint32(), Last: r.time()}
		}
	}
	r.visit(&v.Visit)
	if n := r.count(minNeed); n > 0 {
		v.Needs = make([]veiviser.Need, n)
		for i := range v.Needs {
			r.need(&v.Needs[i])
		}
	}
	v.Segments = r.strings()
	v.Stage = veiviser.StandardStage(r.string())
	r.base = outer
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
	w.uint(uint64(len(n.Evidence)))
	for i := range n.Evidence {
		e := &n.Evidence[i]
		w.string(e.Signal)
		w.time(e.Time)
		w.uint(uint64(e.Count))
		w.string(e.Stage)
		w.float(e.Weight)
	}
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
	if k := r.count(minEvidence); k > 0 {
		n.Evidence = make([]veiviser.Evidence, k)
		for i := range n.Evidence {
			n.Evidence[i] = veiviser.Evidence{
				Signal: r.string(), Time: r.time(), Count: r.uint32(), Stage: r.string(), Weight: r.float(),
			}
		}
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
