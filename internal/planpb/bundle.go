package planpb

import (
	"embed"
	"io/fs"
	"path"
	"slices"

	"github.com/veiviser/veiviser/internal/veiviser"
)

//go:embed bundles
var bundles embed.FS

// Bundles names the plans that come with the service, in alphabetical order.
func Bundles() []string {
	entries, _ := bundles.ReadDir("bundles") // embedded: it is there
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// Bundle is the folder of a plan that comes with the service, for [ReadFS]: "sykkel", a Nordic bicycle shop, or
// "marketplace", a shop of which only clicks are known. It fails with a [*veiviser.Error] of KindNotFound.
func Bundle(name string) (fs.FS, error) {
	if slices.Contains(Bundles(), name) {
		return fs.Sub(bundles, path.Join("bundles", name))
	}
	return nil, veiviser.NotFound(veiviser.ReasonInvalidPlan, "", "no plan is called %q%s", clip(name), didYouMean(name, Bundles()))
}
