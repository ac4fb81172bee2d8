package learn

import (
	"errors"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// asError gives err as the error type of the vocabulary; anything else is a defect.
func asError(err error) *veiviser.Error {
	if e, ok := errors.AsType[*veiviser.Error](err); ok {
		return e
	}
	return veiviser.Failed(veiviser.KindInternal, veiviser.ReasonInternal, err, "internal error")
}
