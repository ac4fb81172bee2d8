package bandit

// The groups of features that share a prior variance.
const (
	groupNumber = iota
	groupHat
	groupLevel
	groupPair
	groups
)

// mostPairs is how many products of two features there may be; beyond, there is none at all.
const mostPairs = 500

// design is the features of an encoder behind an intercept, and, if wanted, the products of any two from different columns
// (not of hats and of what tells that a number is missing).
type design struct {
	e     *encoder
	group []int8  // of every feature, the intercept's being none
	pair  []int32 // by two features' slots: where their product is, or 0
	slot  []int32 // of every feature of the encoder among those that have products, or -1
	slots int     // how many have products
}

func newDesign(e *encoder, pairs bool) *design {
	d := &design{e: e, group: make([]int8, 1, 1+e.width), slot: make([]int32, e.width)}
	var column []int
	for c := range e.Columns {
		col := &e.Columns[c]
		for k := range col.features() {
			g, simple := int8(groupNumber), k == 0
			switch {
			case col.Kind == kindText && k < len(col.Levels):
				g, simple = groupLevel, true
			case k > 0 && k <= col.Hats:
				g = groupHat
			}
			d.group = append(d.group, g)
			d.slot[col.at+k] = -1
			if simple {
				d.slot[col.at+k] = int32(len(column))
				column = append(column, c)
			}
		}
	}
	d.slots = len(column)
	if pairs {
		d.addPairs(column)
	}
	return d
}

// addPairs gives the products their places; column is that of every slot.
func (d *design) addPairs(column []int) {
	n := 0
	for i := range column {
		for k := range i {
			if column[i] != column[k] {
				n++
			}
		}
	}
	if n == 0 || n > mostPairs {
		return
	}
	d.pair = make([]int32, len(column)*len(column))
	for i := range column {
		for k := i + 1; k < len(column); k++ {
			if column[i] != column[k] {
				d.pair[i*len(column)+k] = int32(len(d.group))
				d.group = append(d.group, groupPair)
			}
		}
	}
}

// width is how many features there are, with the intercept.
func (d *design) width() int { return len(d.group) }

// expand puts the features of a design into out, given those of the encoder, ascending.
func (d *design) expand(in, out []feature) []feature {
	out = append(out[:0], feature{0, 1})
	for _, f := range in {
		out = append(out, feature{f.at + 1, f.x})
	}
	if d.pair == nil {
		return out
	}
	for i, f := range in {
		s := d.slot[f.at]
		if s < 0 || f.x == 0 {
			continue
		}
		for _, g := range in[i+1:] {
			if k := d.slot[g.at]; k >= 0 && g.x != 0 {
				if at := d.pair[int(s)*d.slots+int(k)]; at > 0 {
					out = append(out, feature{at, f.x * g.x})
				}
			}
		}
	}
	return out
}

// sums are what a linear model needs to know of the rows of one arm.
type sums struct {
	n, reward, square float64
	by                []float64 // Σ z·y
	gram              []float64 // Σ z·z', the upper triangle by rows
}

func newSums(arms, width int) []sums {
	out := make([]sums, arms)
	for a := range out {
		out[a] = sums{by: make([]float64, width), gram: make([]float64, width*width)}
	}
	return out
}

func (s *sums) add(z []feature, y float64) {
	s.n++
	s.reward += y
	s.square += y * y
	width := len(s.by)
	for i, f := range z {
		if f.x == 0 {
			continue
		}
		s.by[f.at] += f.x * y
		row := s.gram[int(f.at)*width:]
		for _, g := range z[i:] {
			row[g.at] += f.x * g.x
		}
	}
}

// less is s without the rows of t.
func (s *sums) less(t *sums) sums {
	out := sums{n: s.n - t.n, reward: s.reward - t.reward, square: s.square - t.square, by: make([]float64, len(s.by)), gram: make([]float64, len(s.gram))}
	for i := range out.by {
		out.by[i] = s.by[i] - t.by[i]
	}
	for i := range out.gram {
		out.gram[i] = s.gram[i] - t.gram[i]
	}
	return out
}

// merge adds the rows of t.
func (s *sums) merge(t *sums) {
	s.n, s.reward, s.square = s.n+t.n, s.reward+t.reward, s.square+t.square
	for i := range s.by {
		s.by[i] += t.by[i]
	}
	for i := range s.gram {
		s.gram[i] += t.gram[i]
	}
}
