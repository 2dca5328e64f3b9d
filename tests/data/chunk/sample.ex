defmodule App.Server do
  @moduledoc """
  Serves requests.
  """

  use GenServer

  @limit 10

  @doc "Starts it."
  @spec start(integer()) :: {:ok, pid()}
  def start(port) do
    GenServer.start_link(__MODULE__, port)
  end

  def handle(:a, state), do: {:ok, state}
  def handle(:b, state), do: {:error, state}

  defp secret(x) when x > 0 do
    x * 2
  end

  defmacro shout(text) do
    quote do: String.upcase(unquote(text))
  end

  defstruct [:port]
end

defprotocol Shape do
  def area(shape)
end

defimpl Shape, for: App.Square do
  def area(s), do: s.side * s.side
end
